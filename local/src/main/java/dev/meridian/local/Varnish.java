package dev.meridian.local;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The CDN: keeps the catalogue and static files.
 *
 * @param configuration the folder of its configuration
 * @param folder where it works
 * @param inside where it is told to forget what it keeps, and whether it is ready
 * @param origin where its answers come from
 * @param streams how many event streams it passes at the same time at most
 */
record Varnish(
        Datacenter datacenter,
        Path executable,
        Path configuration,
        Path folder,
        Address at,
        Address inside,
        Address origin,
        int streams,
        List<String> after)
        implements Program {

    static final String NAME = "cdn";

    /** The name of its process too, in which a worker's parent and the worker are the same. */
    static final String EXECUTABLE = "varnishd";

    private static final Http HTTP = new Http(Duration.ofSeconds(1));

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public ComponentType type() {
        return ComponentType.CDN;
    }

    @Override
    public String address() {
        return "http://" + at;
    }

    /** Our own origin.vcl, which its search path finds before the one for containers. */
    @Override
    public void prepare() throws IOException {
        String at = ".host = \"" + Address.HOST + "\"; .port = \"" + origin.port() + "\";";
        Files.writeString(
                folder.resolve("origin.vcl"),
                "backend catalogue { " + at + " .probe = watch; }\nbackend origin { " + at + " }\nbackend streams { "
                        + at + " .max_connections = " + streams + "; }\n");
    }

    @Override
    public Launch launch() {
        return new Launch(
                List.of(
                        executable.toString(),
                        "-F",
                        // A user of its own, which root could give it, could not read a project in a private folder.
                        "-j",
                        "none",
                        "-n",
                        folder.resolve("work").toString(),
                        "-T",
                        "none",
                        "-a",
                        "front=" + at,
                        "-a",
                        "inside=" + inside,
                        "-s",
                        "malloc,64m",
                        "-s",
                        "Transient=malloc,128m",
                        "-p",
                        "vcl_path=" + folder,
                        // Beside ten other programs.
                        "-p",
                        "thread_pools=1",
                        "-p",
                        "thread_pool_min=20",
                        "-p",
                        "vsl_space=4M",
                        "-I",
                        configuration.resolve("limits.cli").toString(),
                        "-f",
                        configuration.resolve("default.vcl").toString()),
                // An event stream occupies two threads, whose caches in the allocator are almost half of what it costs.
                Map.of("MALLOC_CONF", "tcache:false"));
    }

    @Override
    public boolean ready() {
        try {
            return HTTP.get(URI.create("http://" + inside + "/ready"), Map.of()).is(204);
        } catch (IOException e) {
            return false;
        }
    }
}

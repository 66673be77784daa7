package dev.meridian.local;

import dev.meridian.local.process.Http;
import dev.meridian.local.process.Program;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String type() {
        return "CDN";
    }

    @Override
    public String address() {
        return "http://" + at;
    }

    /** Our own origin.vcl, which its search path finds before the one for containers. */
    @Override
    public void prepare() throws IOException {
        Files.writeString(folder.resolve("origin.vcl"), """
                backend catalogue { .host = "%1$s"; .port = "%2$d"; .probe = watch; }
                backend origin { .host = "%1$s"; .port = "%2$d"; }
                backend streams { .host = "%1$s"; .port = "%2$d"; .max_connections = %3$d; }
                """.formatted(Address.HOST, origin.port(), streams));
    }

    @Override
    public List<String> command() {
        List<String> command = new ArrayList<>(List.of(executable.toString(), "-F"));
        // A user of its own, which root could give it, could not read a project in a private folder.
        command.addAll(List.of("-j", "none"));
        command.addAll(List.of("-n", folder.resolve("work").toString(), "-T", "none"));
        command.addAll(List.of("-a", "front=" + at, "-a", "inside=" + inside));
        command.addAll(List.of("-s", "malloc,64m", "-s", "Transient=malloc,128m"));
        command.addAll(List.of("-p", "vcl_path=" + folder));
        // Beside ten other programs.
        command.addAll(List.of("-p", "thread_pools=1", "-p", "thread_pool_min=20", "-p", "vsl_space=4M"));
        command.addAll(List.of("-I", configuration.resolve("limits.cli").toString()));
        command.addAll(List.of("-f", configuration.resolve("default.vcl").toString()));
        return command;
    }

    /** An event stream occupies two threads, whose caches in the allocator are almost half of what it costs. */
    @Override
    public Map<String, String> environment() {
        return Map.of("MALLOC_CONF", "tcache:false");
    }

    @Override
    public boolean ready() {
        return Http.PROBE.answers(URI.create("http://" + inside + "/ready"), 204);
    }
}

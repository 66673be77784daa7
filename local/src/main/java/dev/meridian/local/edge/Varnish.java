package dev.meridian.local.edge;

import dev.meridian.local.Address;
import dev.meridian.local.process.NativeProgram;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Varnish, which keeps the catalogue and static files. */
public final class Varnish {

    public static final String NAME = "cdn";

    /** The name of its process too, in which a worker's parent and the worker are the same. */
    public static final String EXECUTABLE = "varnishd";

    /** Through it at the same time: as many as the load balancer lets a gateway have. */
    public static final int STREAMS = 2_500;

    private Varnish() {}

    /**
     * @param configuration the folder of its configuration
     * @param folder where it works
     * @param inside where it is told to forget what it keeps, and whether it is ready
     * @param origin where its answers come from
     * @param streams how many event streams it passes at the same time at most
     */
    public static NativeProgram program(
            Path executable,
            Path configuration,
            Path folder,
            Address at,
            Address inside,
            Address origin,
            int streams,
            List<String> after) {
        // Its search path finds this one before the one for containers.
        Path backends = folder.resolve("origin.vcl");
        String ours = """
                backend catalogue { .host = "%1$s"; .port = "%2$d"; .probe = watch; }
                backend origin { .host = "%1$s"; .port = "%2$d"; }
                backend streams { .host = "%1$s"; .port = "%2$d"; .max_connections = %3$d; }
                """.formatted(Address.HOST, origin.port(), streams);
        // -j none: a user of its own, which root could give it, could not read a project in a private folder.
        // Pools and log: beside ten other programs.
        String options = "-F -j none -T none -s malloc,64m -s Transient=malloc,128m"
                + " -p thread_pools=1 -p thread_pool_min=20 -p vsl_space=4M";
        List<String> command = new ArrayList<>(List.of(executable.toString()));
        command.addAll(List.of(options.split(" ")));
        command.addAll(List.of("-n", folder.resolve("work").toString(), "-p", "vcl_path=" + folder));
        command.addAll(List.of("-a", "front=" + at, "-a", "inside=" + inside));
        command.addAll(List.of("-I", configuration.resolve("limits.cli").toString()));
        command.addAll(List.of("-f", configuration.resolve("default.vcl").toString()));
        // An event stream occupies two threads, whose caches in the allocator are almost half of what it costs.
        Map<String, String> environment = Map.of("MALLOC_CONF", "tcache:false");
        return new NativeProgram(
                NAME,
                "CDN",
                "http://" + at,
                after,
                Map.of(backends, ours),
                command,
                environment,
                NativeProgram.ready(inside));
    }
}

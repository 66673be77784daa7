package dev.meridian.local;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * A program that is all in its command line: the cache, and those before the gateway.
 *
 * @param files what is written before each start
 * @param probe asks the program itself whether it serves
 */
record NativeProgram(
        String name,
        String type,
        String address,
        List<String> after,
        Map<Path, String> files,
        List<String> command,
        Map<String, String> environment,
        BooleanSupplier probe)
        implements Program {

    static final String REDIS = "redis-" + Component.DATACENTER;

    static final String LOAD_BALANCER = "lb-" + Component.DATACENTER;

    static final String CDN = "cdn";

    /** The name of the CDN's process too, in which a worker's parent and the worker are the same. */
    static final String VARNISH = "varnishd";

    /** Through the CDN at the same time: as many as the load balancer lets a gateway have. */
    static final int STREAMS = 2_500;

    @Override
    public void prepare() throws IOException {
        for (var file : files.entrySet()) {
            Files.writeString(file.getKey(), file.getValue());
        }
    }

    @Override
    public boolean ready() {
        return probe.getAsBoolean();
    }

    /** A datacenter's cache: bounded, and empty after each start. */
    static NativeProgram redis(Path server, Path configuration, Path folder, Address at) {
        List<String> command = new ArrayList<>(List.of(server.toString(), configuration.toString()));
        command.addAll(List.of("--bind", Address.HOST, "--port", Integer.toString(at.port())));
        command.addAll(List.of("--dir", folder.toString()));
        BooleanSupplier answers = () -> at.answers("PING\r\n", "+PONG");
        return new NativeProgram(REDIS, "cache", at.toString(), List.of(), Map.of(), command, Map.of(), answers);
    }

    /**
     * HAProxy, which lets requests through to the gateways that are ready. It is ready itself before it finds one.
     *
     * @param at where clients, or the CDN, come in
     * @param inside where it tells whether it is ready, and its metrics
     * @param gateway its only gateway here
     * @param management where the gateway tells whether it is ready
     * @param after the gateway and what it leads to, which start before a client is let in
     */
    static NativeProgram haproxy(
            Path executable,
            Path configuration,
            Address at,
            Address inside,
            Address gateway,
            Address management,
            List<String> after) {
        List<String> command = List.of(executable.toString(), "-db", "-f", configuration.toString());
        Map<String, String> environment = Map.of(
                "LB_BIND", at.toString(),
                "LB_ADMIN_BIND", inside.toString(),
                "LB_GATEWAYS", gateway.toString(),
                "LB_GATEWAY_HEALTH", Integer.toString(management.port()),
                "LB_GATEWAY_COUNT", "1",
                "LB_CDN", Address.HOST);
        return new NativeProgram(
                LOAD_BALANCER, "load balancer", "http://" + at, after, Map.of(), command, environment, ready(inside));
    }

    /**
     * Varnish, which keeps the catalogue and static files.
     *
     * @param configuration the folder of its configuration
     * @param folder where it works
     * @param inside where it is told to forget what it keeps, and whether it is ready
     * @param origin where its answers come from
     * @param streams how many event streams it passes at the same time at most
     */
    static NativeProgram varnish(
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
                CDN, "CDN", "http://" + at, after, Map.of(backends, ours), command, environment, ready(inside));
    }

    private static BooleanSupplier ready(Address inside) {
        return () -> Http.PROBE.answers(URI.create("http://" + inside + "/ready"), 204);
    }
}

package dev.meridian.local;

import dev.meridian.local.process.Http;
import dev.meridian.local.process.JavaCommand;
import dev.meridian.local.process.Program;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * One of our services, as its own JVM.
 *
 * @param management where it tells whether it is ready
 */
record JavaService(
        String name,
        String type,
        Deployable deployable,
        Memory memory,
        Address server,
        Address management,
        Map<String, String> environment,
        List<String> after)
        implements Program {

    @Override
    public String address() {
        return "http://" + server;
    }

    @Override
    public void prepare() {
        deployable.unpack();
    }

    @Override
    public List<String> command() {
        return java().line();
    }

    private JavaCommand java() {
        List<String> program = List.of("-jar", deployable.jar().toString());
        return new JavaCommand(memory.flags(), program, deployable.folder().resolve("aot"));
    }

    /**
     * Up to the point where everything is put together and nothing has begun: no port, no consumer, no registration
     * (Spring's own provision for training runs). The Dockerfile does the same.
     */
    @Override
    public void train(Path log, BooleanSupplier givenUp) throws IOException {
        Map<String, String> apart = new TreeMap<>(environment);
        apart.put("SERVER_PORT", "0");
        apart.put("MANAGEMENT_SERVER_PORT", "0");
        apart.put("EUREKA_CLIENT_REGISTERWITHEUREKA", "false");
        java().train(List.of("-Dspring.context.exit=onRefresh"), apart, null, log, givenUp);
    }

    @Override
    public boolean ready() {
        return Http.PROBE.answers(URI.create("http://" + management + "/actuator/health/readiness"), 200);
    }

    /** Longer than the grace period that the services give their requests. */
    @Override
    public Duration stopTimeout() {
        return Duration.ofSeconds(15);
    }

    /**
     * What its JVM may take, in megabytes.
     *
     * @param heap the most for objects
     * @param young of that for new ones; the rest must hold all that lives long, such as open streams
     * @param underLoad whether both compilers are worth it; the quick one alone starts earlier and takes 35 MB less
     */
    record Memory(int heap, int young, boolean underLoad) {

        List<String> flags() {
            return List.of(
                    "-Xmx" + heap + "m",
                    "-Xmn" + young + "m",
                    // One collector thread and the least memory beside the heap; the heaps are small.
                    "-XX:+UseSerialGC",
                    "-XX:ReservedCodeCacheSize=64m",
                    "-XX:TieredStopAtLevel=" + (underLoad ? 4 : 1),
                    "-XX:+ExitOnOutOfMemoryError",
                    "-Dfile.encoding=UTF-8");
        }
    }
}

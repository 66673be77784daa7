package dev.meridian.local;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * One of our services, as its own JVM.
 *
 * @param management where it tells whether it is ready
 */
record JavaService(
        String name,
        ComponentType type,
        Datacenter datacenter,
        JavaCommand command,
        Address server,
        Address management,
        Map<String, String> environment,
        List<String> after)
        implements Program {

    private static final Http HTTP = new Http(Duration.ofSeconds(1));

    @Override
    public String address() {
        return "http://" + server;
    }

    @Override
    public void prepare() {}

    @Override
    public Launch launch() {
        return new Launch(command.line(), environment);
    }

    @Override
    public Optional<Training> training() {
        return Optional.of(training(command, environment));
    }

    /**
     * Up to the point where everything is put together and nothing has begun: no port, no consumer, no registration
     * (Spring's own provision for training runs).
     */
    static Training training(JavaCommand command, Map<String, String> environment) {
        Map<String, String> apart = new TreeMap<>(environment);
        apart.put("SERVER_PORT", "0");
        apart.put("MANAGEMENT_SERVER_PORT", "0");
        apart.put("EUREKA_CLIENT_REGISTERWITHEUREKA", "false");
        return new Training(command, List.of("-Dspring.context.exit=onRefresh"), apart, Training.Rehearsal.ALONE);
    }

    @Override
    public boolean ready() {
        try {
            return readiness().is(200);
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String excuse() {
        try {
            return "readiness answers " + readiness();
        } catch (IOException e) {
            return "readiness does not answer: " + e.getMessage();
        }
    }

    private Http.Answer readiness() throws IOException {
        return HTTP.get(URI.create("http://" + management + "/actuator/health/readiness"), Map.of());
    }

    /** Longer than the grace period that the services give their requests. */
    @Override
    public Duration patience() {
        return Duration.ofSeconds(15);
    }

    /** Puts together what a service is started with. */
    static final class Builder {

        private final JavaRuntime java;
        private final Path jar;
        private final Datacenter datacenter;
        private final Map<String, String> environment;
        private String name = "";
        private ComponentType type = ComponentType.OTHER;
        private Address server = new Address(0);
        private Address management = new Address(0);
        private int heap;
        private int young;
        private boolean underLoad = true;
        private List<String> after = List.of();

        Builder(JavaRuntime java, Path jar, Datacenter datacenter, Map<String, String> environment) {
            this.java = java;
            this.jar = jar;
            this.datacenter = datacenter;
            this.environment = new TreeMap<>(environment);
        }

        Builder named(String name, ComponentType type) {
            this.name = name;
            this.type = type;
            return this;
        }

        /** One port for both means that it has no other business than being managed. */
        Builder at(Address server, Address management) {
            this.server = server;
            this.management = management;
            return this;
        }

        /**
         * The most that its objects may take, in megabytes.
         *
         * @param young for new ones; what is left must hold all that lives long, such as open streams
         */
        Builder heap(int megabytes, int young) {
            this.heap = megabytes;
            this.young = young;
            return this;
        }

        /** For what is asked now and then. */
        Builder seldomAsked() {
            this.underLoad = false;
            return this;
        }

        Builder after(List<String> programs) {
            this.after = programs;
            return this;
        }

        JavaService build() {
            environment.put("SERVER_PORT", Integer.toString(server.port()));
            environment.put("EUREKA_INSTANCE_INSTANCEID", name);
            if (!management.equals(server)) {
                environment.put("MANAGEMENT_SERVER_ADDRESS", Address.HOST);
                environment.put("MANAGEMENT_SERVER_PORT", Integer.toString(management.port()));
            }
            List<String> flags = List.of(
                    "-Xmx" + heap + "m",
                    "-Xmn" + young + "m",
                    // One collector thread and the least memory beside the heap; the heaps are small.
                    "-XX:+UseSerialGC",
                    "-XX:ReservedCodeCacheSize=64m",
                    // Both compilers where there is load; the quick one alone starts earlier and takes 35 MiB less.
                    "-XX:TieredStopAtLevel=" + (underLoad ? 4 : 1),
                    "-XX:+ExitOnOutOfMemoryError",
                    "-Dfile.encoding=UTF-8");
            JavaCommand command =
                    new JavaCommand(java, flags, List.of("-jar", jar.toString()), jar.resolveSibling("aot"));
            return new JavaService(name, type, datacenter, command, server, management, Map.copyOf(environment), after);
        }
    }
}

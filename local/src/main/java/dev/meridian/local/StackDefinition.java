package dev.meridian.local;

import dev.meridian.local.edge.HaProxy;
import dev.meridian.local.edge.Varnish;
import dev.meridian.local.kafka.KafkaBroker;
import dev.meridian.local.postgres.PostgresPair;
import dev.meridian.local.process.Commands;
import dev.meridian.local.process.NativeProgram;
import dev.meridian.local.process.Ports;
import dev.meridian.local.process.Program;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What a stack consists of: which programs, where, with what settings. Making it takes the ports. */
final class StackDefinition {

    private static final String REDIS = "redis-" + Component.DATACENTER;

    private final StackSettings settings;
    private final Consumer<String> progress;
    private final Project project = Project.current();

    /** In the order in which they are listed; in which they start, each says itself. */
    final List<Program> programs = new ArrayList<>();

    /** What every service is told; each takes what it knows. */
    private final Map<String, String> environment = new TreeMap<>();

    private final Address front;
    final PostgresPair postgres;
    final KafkaBroker kafka;
    final Address redis;

    /** Where the CDN is told to forget, where there is one. */
    @Nullable
    Address cdnInside;

    /**
     * @param wanted which programs, by their names
     * @throws StackException when something that it needs is missing, or the front door's port is taken
     */
    StackDefinition(StackSettings settings, Predicate<String> wanted, Consumer<String> progress) throws IOException {
        this.settings = settings;
        this.progress = progress;
        this.front = front();
        Binaries binaries = new Binaries(project.cache());
        Path data = settings.data();
        Path postgresEdge = project.edge("postgres");
        this.postgres = new PostgresPair(
                data, binaries.postgres(), postgresEdge, address(15432), address(15433), settings.replicaWait());
        this.kafka = new KafkaBroker(project, data.resolve(KafkaBroker.NAME), address(19092), address(19093));
        this.redis = address(16379);
        programs.addAll(postgres.programs());
        programs.add(kafka);
        programs.add(redis(binaries.redis(progress), data.resolve(REDIS)));
        if (settings.services()) {
            addServices();
        }
        programs.removeIf(program -> !wanted.test(program.name()));
    }

    private void addServices() throws IOException {
        // Either PostgreSQL server may be the primary.
        List<String> data = programs.stream().map(Program::name).toList();
        Address registry = address(8761);
        Address identity = address(9000);
        environment.put("SPRING_PROFILES_ACTIVE", "dev"); // also when the terminal has another
        environment.put("SERVER_ADDRESS", Address.HOST);
        environment.put("MERIDIAN_DATACENTER", Component.DATACENTER);
        environment.put("MERIDIAN_ISSUER", frontDoor().toString());
        environment.put("MERIDIAN_JWKSETURI", "http://" + identity + "/oauth2/jwks");
        environment.put("MERIDIAN_POSTGRES", postgres.hosts());
        environment.put("SPRING_DATA_REDIS_HOST", Address.HOST);
        environment.put("SPRING_DATA_REDIS_PORT", Integer.toString(redis.port()));
        environment.put("SPRING_KAFKA_BOOTSTRAPSERVERS", kafka.address());
        environment.put(
                "EUREKA_CLIENT_SERVICEURL_DEFAULTZONE",
                "http://registry:registry@localhost:" + registry.port() + "/eureka/");

        var seldomAsked = new JavaService.Memory(112, 28, false);
        String discovery = "discovery-" + Component.DATACENTER;
        addService("discovery", discovery, "other", seldomAsked, registry, address(8861), List.of());
        addService("identity", "identity", "other", seldomAsked, identity, address(9100), List.of());
        List<String> behind = new ArrayList<>(List.of("identity"));
        // 192 MB of old objects: all the event streams that an instance, or the datacenter's gateway, takes.
        var orders = new JavaService.Memory(384, 192, true);
        for (int i = 1; i <= 2; i++) {
            String name = "orders-service-" + Component.DATACENTER + "-" + i;
            addService("orders-service", name, "server", orders, address(8100 + i), address(8200 + i), data);
            behind.add(name);
        }
        String worker = "worker-" + Component.DATACENTER + "-1";
        Address management = address(8301); // it has no other business than being managed
        addService("worker", worker, "worker", new JavaService.Memory(160, 64, true), management, management, data);
        addGateway(behind);
    }

    /**
     * The gateway, and what of the edge is installed before it: the outermost has the front door's port.
     *
     * @param behind the services that the gateway leads to; the edge opens when there is something behind it
     */
    private void addGateway(List<String> behind) throws IOException {
        Optional<Path> haproxy = installed("haproxy", "the load balancer " + HaProxy.NAME);
        Optional<Path> varnish = installed(Varnish.EXECUTABLE, "the CDN " + Varnish.NAME);

        String gateway = "gateway-" + Component.DATACENTER + "-1";
        boolean edge = haproxy.isPresent() || varnish.isPresent();
        Address server = edge ? address(8081) : front;
        environment.put("MERIDIAN_BEHINDEDGE", Boolean.toString(edge));
        Address management = address(8180);
        var memory = new JavaService.Memory(320, 128, true);
        addService("gateway", gateway, "proxy", memory, server, management, List.of());
        Address origin = server;
        List<String> before = new ArrayList<>(behind);
        before.add(gateway);
        if (haproxy.isPresent()) {
            origin = varnish.isEmpty() ? front : address(8082);
            Path configuration = project.edge("haproxy/haproxy.cfg");
            programs.add(
                    HaProxy.program(haproxy.get(), configuration, origin, address(8182), server, management, before));
            before = List.of(HaProxy.NAME);
        }
        if (varnish.isPresent()) {
            Address inside = address(8183);
            cdnInside = inside;
            Path folder = settings.data().resolve(Varnish.NAME);
            Path configuration = project.edge("varnish");
            programs.add(Varnish.program(
                    varnish.get(), configuration, folder, front, inside, origin, Varnish.STREAMS, before));
        }
    }

    /** Where a program of the edge is; the user is told where it is missing. */
    private Optional<Path> installed(String executable, String component) {
        Optional<Path> found = Commands.find(executable);
        if (found.isEmpty()) {
            progress.accept(executable + " is not installed: " + component + " is left out.");
        }
        return found;
    }

    private void addService(
            String module,
            String name,
            String type,
            JavaService.Memory memory,
            Address server,
            Address management,
            List<String> after)
            throws IOException {
        Map<String, String> all = new TreeMap<>(environment);
        all.put("EUREKA_INSTANCE_INSTANCEID", name);
        all.put("SERVER_PORT", Integer.toString(server.port()));
        if (!management.equals(server)) {
            all.put("MANAGEMENT_SERVER_ADDRESS", Address.HOST);
            all.put("MANAGEMENT_SERVER_PORT", Integer.toString(management.port()));
        }
        Deployable deployable = Deployable.of(module, project.jar(module), project.cache());
        CompletableFuture.runAsync(deployable::unpack); // while the databases start; its own start waits for it
        programs.add(new JavaService(name, type, deployable, memory, server, management, all, after));
    }

    private Address front() {
        int wanted = settings.frontDoor();
        if (wanted != 0 && settings.services() && !Ports.isFree(wanted)) {
            throw new StackException("The port " + wanted + " of the front door is taken; choose another with --port.");
        }
        return new Address(wanted != 0 ? wanted : Ports.free());
    }

    private Address address(int preferred) {
        return new Address(settings.frontDoor() != 0 ? Ports.preferring(preferred) : Ports.free());
    }

    URI frontDoor() {
        return URI.create("http://localhost:" + front.port());
    }

    /** A datacenter's cache: bounded, and empty after each start. */
    private NativeProgram redis(Path server, Path folder) {
        List<String> command =
                new ArrayList<>(List.of("bash", project.edge("redis/redis.sh").toString(), server.toString()));
        command.addAll(List.of("--bind", Address.HOST, "--port", Integer.toString(redis.port())));
        command.addAll(List.of("--dir", folder.toString()));
        BooleanSupplier answers = () -> redis.answers("PING\r\n", "+PONG");
        return new NativeProgram(
                REDIS,
                "cache",
                redis.toString(),
                List.of(),
                Map.of(),
                command,
                Map.of("SECRETS", project.edge("secrets").toString()),
                answers);
    }
}

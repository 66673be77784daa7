package dev.meridian.local;

import dev.meridian.local.edge.HaProxy;
import dev.meridian.local.edge.Varnish;
import dev.meridian.local.kafka.KafkaBroker;
import dev.meridian.local.postgres.PostgresPair;
import dev.meridian.local.process.Commands;
import dev.meridian.local.process.JavaCommand;
import dev.meridian.local.process.Ports;
import dev.meridian.local.process.Program;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What a stack consists of: which programs, where, with what settings. Making it takes the ports. */
final class StackDefinition implements AutoCloseable {

    private static final String VERSION = "1.0.0";

    /** Through the CDN at the same time: as many as the load balancer lets a gateway have. */
    private static final int STREAMS = 2_500;

    private static final Datacenter DATACENTER = Datacenter.DC1;

    private final StackSettings settings;
    private final Project project;
    private final Path cache;
    private final List<Integer> ports = new ArrayList<>();
    private final List<Program> programs = new ArrayList<>();
    private final List<String> remarks = new ArrayList<>();

    /** What every service is told; each takes what it knows. */
    private final Map<String, String> environment = new TreeMap<>();

    private final URI frontDoor;
    private final PostgresPair postgres;
    private final KafkaBroker kafka;
    private final Redis redis;
    private @Nullable Address cdnInside;

    /**
     * @param wanted which programs, by their names
     * @throws StackException when something that it needs is missing, or the front door's port is taken
     */
    StackDefinition(StackSettings settings, Predicate<String> wanted) throws IOException {
        this.settings = settings;
        this.project = new Project(settings.root());
        this.cache = cache(project.cache(), settings.data());
        this.frontDoor = URI.create("http://localhost:" + frontDoorPort());

        Binaries binaries = new Binaries(cache);
        this.postgres = new PostgresPair(
                settings.data(),
                binaries.postgres(),
                project.edge("postgres"),
                DATACENTER,
                address(15432),
                address(15433),
                settings.replication());
        this.kafka = new KafkaBroker(
                DATACENTER,
                project.kafkaClassPath(),
                cache,
                settings.data().resolve(KafkaBroker.NAME),
                address(19092),
                address(19093),
                project.edge("kafka"));
        this.redis = new Redis(
                DATACENTER,
                binaries.redis(),
                project.edge("redis/redis.conf"),
                settings.data().resolve("redis-" + DATACENTER),
                address(16379));
        programs.addAll(postgres.programs());
        programs.add(kafka);
        programs.add(redis);
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
        environment.put("MERIDIAN_DATACENTER", DATACENTER.name());
        environment.put("MERIDIAN_ISSUER", frontDoor.toString());
        environment.put("MERIDIAN_JWKSETURI", "http://" + identity + "/oauth2/jwks");
        environment.put("MERIDIAN_POSTGRES", postgres.hosts());
        environment.put("SPRING_DATA_REDIS_HOST", Address.HOST);
        environment.put("SPRING_DATA_REDIS_PORT", Integer.toString(redis.at().port()));
        environment.put("SPRING_KAFKA_BOOTSTRAPSERVERS", kafka.broker().toString());
        environment.put("EUREKA_CLIENT_SERVICEURL_DEFAULTZONE", "http://localhost:" + registry.port() + "/eureka/");

        var seldomAsked = new JavaService.Memory(112, 28, false);
        addService("discovery", "discovery-" + DATACENTER, seldomAsked, registry, address(8861), List.of());
        addService("identity", "identity", seldomAsked, identity, address(9100), List.of());
        List<String> behind = new ArrayList<>(List.of("identity"));
        // 192 MB of old objects: all the event streams that an instance, or the datacenter's gateway, takes.
        var orders = new JavaService.Memory(384, 192, true);
        for (int i = 1; i <= 2; i++) {
            String name = "orders-service-" + DATACENTER + "-" + i;
            addService("orders-service", name, orders, address(8100 + i), address(8200 + i), data);
            behind.add(name);
        }
        Address worker = address(8301); // it has no other business than being managed
        var workerMemory = new JavaService.Memory(160, 64, true);
        addService("worker", "worker-" + DATACENTER + "-1", workerMemory, worker, worker, data);
        addGateway(new Address(frontDoor.getPort()), behind);
    }

    /**
     * The gateway, and what of the edge is installed before it: the outermost has the front door's port.
     *
     * @param behind the services that the gateway leads to; the edge opens when there is something behind it
     */
    private void addGateway(Address front, List<String> behind) throws IOException {
        Optional<Path> haproxy = installed("haproxy", "the load balancer " + HaProxy.name(DATACENTER));
        Optional<Path> varnish = installed(Varnish.EXECUTABLE, "the CDN " + Varnish.NAME);

        String gateway = "gateway-" + DATACENTER + "-1";
        Address server = haproxy.isEmpty() && varnish.isEmpty() ? front : address(8081);
        Address management = address(8180);
        addService("gateway", gateway, new JavaService.Memory(320, 128, true), server, management, List.of());
        Address origin = server;
        List<String> before = new ArrayList<>(behind);
        before.add(gateway);
        if (haproxy.isPresent()) {
            origin = varnish.isEmpty() ? front : address(8082);
            Path configuration = project.edge("haproxy/haproxy.cfg");
            programs.add(new HaProxy(
                    DATACENTER, haproxy.get(), configuration, origin, address(8182), server, management, before));
            before = List.of(HaProxy.name(DATACENTER));
        }
        if (varnish.isPresent()) {
            Address inside = address(8183);
            cdnInside = inside;
            Path folder = settings.data().resolve(Varnish.NAME);
            Path configuration = project.edge("varnish");
            programs.add(new Varnish(
                    DATACENTER, varnish.get(), configuration, folder, front, inside, origin, STREAMS, before));
        }
    }

    /** Where a program of the edge is, if it is wanted; it is remarked where it is missing. */
    private Optional<Path> installed(String executable, String component) {
        if (!settings.edge()) {
            return Optional.empty();
        }
        Optional<Path> found = Commands.find(executable);
        if (found.isEmpty()) {
            remarks.add(executable + " is not installed: " + component + " is left out.");
        }
        return found;
    }

    private void addService(
            String module,
            String name,
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
        Path jar = new Deployable(module, project.jar(module, VERSION), cache).unpacked();
        JavaCommand command =
                new JavaCommand(memory.flags(), List.of("-jar", jar.toString()), jar.resolveSibling("aot"));
        programs.add(new JavaService(name, type(module), DATACENTER, command, server, management, all, after));
    }

    private static ComponentType type(String module) {
        return switch (module) {
            case "gateway" -> ComponentType.PROXY;
            case "orders-service" -> ComponentType.SERVER;
            case "worker" -> ComponentType.WORKER;
            default -> ComponentType.OTHER;
        };
    }

    private int frontDoorPort() {
        int wanted = settings.frontDoor();
        if (wanted == 0) {
            return taken(Ports.free());
        }
        if (settings.services() && !Ports.isFree(wanted)) {
            throw new StackException("The port " + wanted + " of the front door is taken; choose another with --port.");
        }
        return wanted;
    }

    private Address address(int preferred) {
        return new Address(taken(settings.preferredPorts() ? Ports.preferring(preferred) : Ports.free()));
    }

    private int taken(int port) {
        ports.add(port);
        return port;
    }

    /** The project's, or one in the data folder where the project is not ours to write. */
    private static Path cache(Path shared, Path data) {
        try {
            Files.createDirectories(shared);
        } catch (IOException e) {
            return data.resolve("cache");
        }
        return Files.isWritable(shared) ? shared : data.resolve("cache");
    }

    /** In the order in which they are listed; in which they start, each says itself. */
    List<Program> programs() {
        return programs;
    }

    /** How many others must be up before it, one after the other. */
    int level(Program program) {
        return program.after().stream()
                .map(name -> programs.stream()
                        .filter(other -> other.name().equals(name))
                        .findFirst()
                        .orElseThrow())
                .mapToInt(before -> 1 + level(before))
                .max()
                .orElse(0);
    }

    /** What the user should know about it, a line each. */
    List<String> remarks() {
        return remarks;
    }

    URI frontDoor() {
        return frontDoor;
    }

    PostgresPair postgres() {
        return postgres;
    }

    Address kafka() {
        return kafka.broker();
    }

    Address redis() {
        return redis.at();
    }

    /** Where the CDN is told to forget, where there is one. */
    Optional<Address> cdnInside() {
        return Optional.ofNullable(cdnInside);
    }

    @Override
    public void close() {
        ports.forEach(Ports::giveBack);
    }
}

package dev.meridian.local;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Draws up what a stack consists of: which programs, where, and what each is told about the others. */
final class Blueprint {

    /** The version of all modules. */
    private static final String VERSION = "1.0.0";

    /** Through the CDN at the same time: as many as the load balancer lets a gateway have. */
    private static final int STREAMS = 2_500;

    private final StackSettings settings;
    private final DataFolder folder;
    private final Project project;
    private final Platform platform = Platform.current();
    private final JavaRuntime java = JavaRuntime.current();
    private final List<Integer> ports = new ArrayList<>();
    private final List<Program> programs = new ArrayList<>();
    private final List<String> remarks = new ArrayList<>();
    private Optional<Address> cdnInside = Optional.empty();

    /** What every service is told; each takes what it knows. */
    private final Map<String, String> environment = new TreeMap<>();

    Blueprint(StackSettings settings, DataFolder folder) {
        this.settings = settings;
        this.folder = folder;
        this.project = new Project(settings.root());
    }

    /** @throws StackException when something that it needs is missing, or the front door's port is taken */
    Plan plan() throws IOException {
        Datacenter dc = Datacenter.DC1;
        URI frontDoor = URI.create("http://localhost:" + frontDoorPort());

        Binaries binaries = new Binaries(cache(), platform);
        Path postgres = binaries.postgres();
        PostgresUser user = PostgresUser.choose(folder.path(), postgres);
        PostgresServer first = postgres(Postgres.PRIMARY, postgres, address(15432), user);
        PostgresServer second = postgres(Postgres.REPLICA, postgres, address(15433), user);
        PostgresPair pair = new PostgresPair(
                first,
                second,
                new PostgresRoles.Record(folder.of(PostgresPair.FOLDER).resolve("roles.json")),
                settings.replication());
        for (PostgresServer server : List.of(first, second)) {
            programs.add(new Postgres(dc, server, pair, new EmptyCluster(server, project.postgresInit())));
        }

        KafkaBroker kafka = KafkaBroker.of(
                dc,
                java,
                project.kafkaClassPath(),
                cache(),
                folder.of(KafkaBroker.NAME),
                address(19092),
                address(19093),
                project.kafka());
        programs.add(kafka);

        Redis redis =
                new Redis(dc, binaries.redis(), project.redisConfiguration(), folder.of("redis-" + dc), address(16379));
        programs.add(redis);

        if (settings.services()) {
            addServices(dc, frontDoor, pair, kafka, redis);
        }
        return new Plan(
                List.copyOf(programs),
                frontDoor,
                pair,
                kafka.broker(),
                redis.at(),
                cdnInside,
                List.copyOf(ports),
                List.copyOf(remarks));
    }

    private PostgresServer postgres(String name, Path binaries, Address address, PostgresUser user) {
        return new PostgresServer(name, binaries, folder.of(name), address, user, project.postgresConfiguration());
    }

    private void addServices(Datacenter dc, URI frontDoor, PostgresPair postgres, KafkaBroker kafka, Redis redis)
            throws IOException {
        Address registry = address(8761);
        Address identity = address(9000);
        environment.put("SPRING_PROFILES_ACTIVE", "dev"); // whatever the terminal says
        environment.put("SERVER_ADDRESS", Address.HOST);
        environment.put("MERIDIAN_DATACENTER", dc.name());
        environment.put("MERIDIAN_ISSUER", frontDoor.toString());
        environment.put("MERIDIAN_JWKSETURI", "http://" + identity + "/oauth2/jwks");
        environment.put("MERIDIAN_POSTGRES", postgres.hosts());
        environment.put("SPRING_DATA_REDIS_HOST", Address.HOST);
        environment.put("SPRING_DATA_REDIS_PORT", Integer.toString(redis.at().port()));
        environment.put("SPRING_KAFKA_BOOTSTRAPSERVERS", kafka.broker().toString());
        environment.put("EUREKA_CLIENT_SERVICEURL_DEFAULTZONE", "http://localhost:" + registry.port() + "/eureka/");

        // Either PostgreSQL server may be the primary.
        List<String> needed = List.of(Postgres.PRIMARY, Postgres.REPLICA, kafka.name(), redis.name());
        programs.add(service("discovery", dc)
                .named("discovery-" + dc, ComponentType.OTHER)
                .at(registry, address(8861))
                .heap(96, 24)
                .seldomAsked()
                .build());
        programs.add(service("identity", dc)
                .named("identity", ComponentType.OTHER)
                .at(identity, address(9100))
                .heap(112, 28)
                .seldomAsked()
                .build());
        List<String> behind = new ArrayList<>(List.of("identity"));
        for (int instance = 1; instance <= 2; instance++) {
            String name = "orders-service-" + dc + "-" + instance;
            behind.add(name);
            programs.add(service("orders-service", dc)
                    .named(name, ComponentType.SERVER)
                    .at(address(8100 + instance), address(8200 + instance))
                    .heap(384, 192) // old: all the streams that it takes; young: what some hundred orders leave
                    .after(needed)
                    .build());
        }
        Address worker = address(8301);
        programs.add(service("worker", dc)
                .named("worker-" + dc + "-1", ComponentType.WORKER)
                .at(worker, worker)
                .heap(160, 64)
                .after(needed)
                .build());
        addGateway(dc, new Address(frontDoor.getPort()), behind);
    }

    /**
     * The gateway, and what of the edge is installed before it: the outermost has the front door's port.
     *
     * @param behind the services that the gateway leads to; the edge opens when there is something behind it
     */
    private void addGateway(Datacenter dc, Address front, List<String> behind) throws IOException {
        Optional<Path> haproxy = installed("haproxy", "the load balancer " + HaProxy.name(dc));
        Optional<Path> varnish = installed(Varnish.EXECUTABLE, "the CDN " + Varnish.NAME);

        boolean outermost = haproxy.isEmpty() && varnish.isEmpty();
        JavaService gateway = service("gateway", dc)
                .named("gateway-" + dc + "-1", ComponentType.PROXY)
                .at(outermost ? front : address(8081), address(8180))
                .heap(320, 128) // old: all the streams of the datacenter
                .build();
        programs.add(gateway);
        Address origin = gateway.server();
        List<String> before = new ArrayList<>(behind);
        before.add(gateway.name());
        if (haproxy.isPresent()) {
            origin = varnish.isEmpty() ? front : address(8082);
            before = List.of(HaProxy.name(dc));
            programs.add(new HaProxy(
                    dc,
                    haproxy.get(),
                    project.loadBalancerConfiguration(),
                    origin,
                    address(8182),
                    new HaProxy.Gateway(gateway.name(), gateway.server(), gateway.management()),
                    behind));
        }
        if (varnish.isPresent()) {
            Address inside = address(8183);
            cdnInside = Optional.of(inside);
            programs.add(new Varnish(
                    dc,
                    varnish.get(),
                    project.cdnConfiguration(),
                    folder.of(Varnish.NAME),
                    front,
                    inside,
                    origin,
                    STREAMS,
                    before));
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

    private JavaService.Builder service(String module, Datacenter dc) throws IOException {
        Path jar = new Deployable(module, project.jar(module, VERSION), cache(), java).unpacked();
        return new JavaService.Builder(java, jar, dc, environment);
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
    private Path cache() {
        Path shared = project.cache();
        try {
            Files.createDirectories(shared);
        } catch (IOException e) {
            return folder.of("cache");
        }
        return Files.isWritable(shared) ? shared : folder.of("cache");
    }
}

package dev.meridian.local;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;

/** One Kafka broker that is its own controller; the queue is a share group on it. */
record KafkaBroker(
        Datacenter datacenter,
        JavaCommand command,
        String classPath,
        Path folder,
        Address broker,
        Address controller,
        Path edge)
        implements Program {

    static final String NAME = "kafka";

    private static final String CONFIGURATION = "server.properties";

    private static final List<String> FLAGS = List.of(
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true");

    private static final Duration ADMIN_LIMIT = Duration.ofSeconds(30);

    /**
     * @param lib the folder with the broker's jars
     * @param caches where the ahead-of-time cache is kept
     * @param edge the folder of what every broker shares: its properties, and the topics
     */
    static KafkaBroker of(
            Datacenter datacenter,
            JavaRuntime java,
            Path lib,
            Path caches,
            Path folder,
            Address broker,
            Address controller,
            Path edge)
            throws IOException {
        List<Path> jars;
        try (Stream<Path> files = Files.list(lib)) {
            jars = files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        }
        // The order matters to the cache, so no wildcard; the names carry the versions.
        String classPath = jars.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
        Path cache = caches.resolve("kafka-" + Integer.toHexString(classPath.hashCode()));
        return of(datacenter, java, classPath, cache, folder, broker, controller, edge);
    }

    private static KafkaBroker of(
            Datacenter datacenter,
            JavaRuntime java,
            String classPath,
            Path cache,
            Path folder,
            Address broker,
            Address controller,
            Path edge) {
        List<String> program = List.of(
                "-cp", classPath, "kafka.Kafka", folder.resolve(CONFIGURATION).toString());
        JavaCommand command = new JavaCommand(java, FLAGS, program, cache);
        return new KafkaBroker(datacenter, command, classPath, folder, broker, controller, edge);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public ComponentType type() {
        return ComponentType.MESSAGE_BROKER;
    }

    @Override
    public String address() {
        return broker.toString();
    }

    @Override
    public List<String> after() {
        return List.of();
    }

    @Override
    public void prepare() throws IOException {
        TopicsFile.read(topics()); // a bad line is better told before the broker runs
        Files.createDirectories(folder);
        Properties properties = new Properties();
        try (var in = Files.newBufferedReader(edge.resolve("broker.properties"))) {
            properties.load(in);
        }
        properties.putAll(settings());
        try (var out = Files.newBufferedWriter(configuration())) {
            properties.store(out, "Written before each start.");
        }
        if (!Files.exists(log().resolve("meta.properties"))) {
            Folders.delete(log());
            format();
        }
    }

    /** What this machine adds to the shared part. */
    private Map<String, String> settings() {
        return Map.of(
                "controller.quorum.voters", "1@" + controller,
                "listeners", "PLAINTEXT://" + broker + ",CONTROLLER://" + controller,
                "advertised.listeners", "PLAINTEXT://" + broker,
                "log.dirs", log().toString());
    }

    private void format() {
        String id = Uuid.randomUuid().toString();
        List<String> line = new ArrayList<>(
                List.of(command.java().executable().toString(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        line.addAll(List.of("-cp", classPath, "kafka.tools.StorageTool", "format", "-t", id));
        line.addAll(List.of("-c", configuration().toString()));
        Commands.Outcome outcome = Commands.run(line, folder);
        if (!outcome.well()) {
            throw new StackException("Cannot format Kafka's storage: "
                    + LogFile.reason(outcome.output().lines().toList()));
        }
    }

    @Override
    public Launch launch() {
        return new Launch(command.line(), Map.of());
    }

    /** A broker of its own, empty and for a moment, which creates the topics once. */
    @Override
    public Optional<Training> training() {
        Path stage = folder.resolve("training");
        KafkaBroker understudy = of(
                datacenter,
                command.java(),
                classPath,
                command.caches(),
                stage,
                new Address(Ports.free()),
                new Address(Ports.free()),
                edge);
        return Optional.of(new Training(understudy.command, List.of(), Map.of(), new Training.Rehearsal() {
            @Override
            public void begin() throws IOException {
                Folders.delete(stage);
                understudy.prepare();
            }

            @Override
            public boolean isOver() throws IOException {
                if (!understudy.ready()) {
                    return false;
                }
                understudy.introduce();
                return true;
            }

            @Override
            public void end() throws IOException {
                Folders.delete(stage);
            }
        }));
    }

    @Override
    public boolean ready() {
        return broker.accepts(Duration.ofMillis(500));
    }

    /** Creates what is declared and not there yet, and sets the settings that are declared. */
    @Override
    public void introduce() throws IOException {
        TopicsFile declared = TopicsFile.read(topics());
        Map<String, Object> client = Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                broker.toString(),
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                (int) ADMIN_LIMIT.toMillis(),
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG,
                5_000,
                AdminClientConfig.RECONNECT_BACKOFF_MS_CONFIG,
                50L,
                AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                200L);
        try (Admin admin = Admin.create(client)) {
            create(admin, declared.topics());
            Map<ConfigResource, Collection<AlterConfigOp>> settings = new HashMap<>();
            for (TopicsFile.Topic topic : declared.topics()) {
                settings.put(new ConfigResource(ConfigResource.Type.TOPIC, topic.name()), operations(topic.settings()));
            }
            for (TopicsFile.Group group : declared.groups()) {
                settings.put(new ConfigResource(ConfigResource.Type.GROUP, group.name()), operations(group.settings()));
            }
            settings.values().removeIf(Collection::isEmpty);
            admin.incrementalAlterConfigs(settings).all().get(ADMIN_LIMIT.toSeconds(), TimeUnit.SECONDS);
            awaitSettings(admin, settings);
        } catch (ExecutionException | TimeoutException e) {
            throw new StackException("Cannot create Kafka's topics and groups: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted.", e);
        }
    }

    private static void create(Admin admin, List<TopicsFile.Topic> topics)
            throws ExecutionException, InterruptedException, TimeoutException {
        Set<String> existing = admin.listTopics().names().get(ADMIN_LIMIT.toSeconds(), TimeUnit.SECONDS);
        Set<NewTopic> missing = topics.stream()
                .filter(topic -> !existing.contains(topic.name()))
                .map(topic -> new NewTopic(topic.name(), Optional.of(topic.partitions()), Optional.empty())
                        .configs(topic.settings()))
                .collect(Collectors.toSet());
        try {
            admin.createTopics(missing).all().get(ADMIN_LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
        }
    }

    /** The controller has them; the broker follows, and until then a first subscription would miss them. */
    private static void awaitSettings(Admin admin, Map<ConfigResource, Collection<AlterConfigOp>> settings)
            throws ExecutionException, InterruptedException, TimeoutException {
        Deadline deadline = Deadline.in(ADMIN_LIMIT);
        while (!inForce(admin, settings)) {
            if (deadline.passed()) {
                throw new TimeoutException("the settings are not in force after " + ADMIN_LIMIT.toSeconds() + " s");
            }
            Deadline.pause();
        }
    }

    private static boolean inForce(Admin admin, Map<ConfigResource, Collection<AlterConfigOp>> settings)
            throws ExecutionException, InterruptedException, TimeoutException {
        Map<ConfigResource, Config> now =
                admin.describeConfigs(settings.keySet()).all().get(ADMIN_LIMIT.toSeconds(), TimeUnit.SECONDS);
        return settings.entrySet().stream().allMatch(resource -> {
            Config config = now.get(resource.getKey());
            return config != null
                    && resource.getValue().stream()
                            .map(AlterConfigOp::configEntry)
                            .allMatch(entry -> Optional.ofNullable(config.get(entry.name()))
                                    .map(ConfigEntry::value)
                                    .filter(entry.value()::equals)
                                    .isPresent());
        });
    }

    private static List<AlterConfigOp> operations(Map<String, String> settings) {
        return settings.entrySet().stream()
                .map(setting -> new AlterConfigOp(
                        new ConfigEntry(setting.getKey(), setting.getValue()), AlterConfigOp.OpType.SET))
                .toList();
    }

    private Path topics() {
        return edge.resolve("topics.conf");
    }

    private Path configuration() {
        return folder.resolve(CONFIGURATION);
    }

    private Path log() {
        return folder.resolve("log");
    }

    /** A clean end flushes every partition's log. */
    @Override
    public Duration patience() {
        return Duration.ofSeconds(20);
    }
}

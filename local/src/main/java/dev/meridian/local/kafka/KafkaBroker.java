package dev.meridian.local.kafka;

import dev.meridian.local.Address;
import dev.meridian.local.Project;
import dev.meridian.local.process.Commands;
import dev.meridian.local.process.Folders;
import dev.meridian.local.process.JavaCommand;
import dev.meridian.local.process.Ports;
import dev.meridian.local.process.Program;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;

/**
 * One Kafka broker that is its own controller; the queue is a share group on it.
 *
 * @param project where its jars are, and what every broker shares: its properties, and the topics
 */
public record KafkaBroker(Project project, Path folder, Address broker, Address controller) implements Program {

    public static final String NAME = "kafka";

    private static final List<String> FLAGS = List.of(
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true");

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String type() {
        return "message broker";
    }

    @Override
    public String address() {
        return broker.toString();
    }

    @Override
    public void prepare() throws IOException {
        declared(); // a bad line is better told before the broker runs
        Files.createDirectories(folder);
        List<String> lines = new ArrayList<>(Files.readAllLines(project.edge("kafka/broker.properties")));
        lines.add("# The local stack's part, written before each start.");
        lines.add("controller.quorum.voters=1@" + controller);
        lines.add("listeners=CLIENTS://" + broker + ",CONTROLLER://" + controller);
        lines.add("advertised.listeners=CLIENTS://" + broker);
        lines.add("log.dirs=" + log());
        Files.write(configuration(), lines);
        if (!Files.exists(log().resolve("meta.properties"))) {
            Folders.delete(log());
            List<String> format = new ArrayList<>(JavaCommand.SHORT_LIVED);
            format.addAll(List.of("-cp", classPath(), "kafka.tools.StorageTool", "format"));
            format.addAll(List.of(
                    "-t", Uuid.randomUuid().toString(), "-c", configuration().toString()));
            Commands.require("format Kafka's storage", format);
        }
    }

    @Override
    public List<String> command() throws IOException {
        return java().line();
    }

    private JavaCommand java() throws IOException {
        String classPath = classPath();
        // The names of the jars carry their versions.
        Path cache = project.cache().resolve("kafka-" + Integer.toHexString(classPath.hashCode()));
        return new JavaCommand(
                FLAGS, List.of("-cp", classPath, "kafka.Kafka", configuration().toString()), cache);
    }

    /** The order matters to the ahead-of-time cache, so no wildcard. */
    private String classPath() throws IOException {
        try (Stream<Path> files = Files.list(project.kafkaClassPath())) {
            return files.map(Path::toString)
                    .filter(file -> file.endsWith(".jar"))
                    .sorted()
                    .collect(Collectors.joining(File.pathSeparator));
        }
    }

    /** By a broker of its own, empty and for a moment, which creates the topics once. */
    @Override
    public void train(Path log, BooleanSupplier givenUp) throws IOException {
        Path stage = folder.resolve("training");
        KafkaBroker understudy = new KafkaBroker(project, stage, new Address(Ports.free()), new Address(Ports.free()));
        understudy.java().train(List.of(), environment(), understudy, log, givenUp);
        Folders.delete(stage);
    }

    @Override
    public boolean ready() {
        return broker.answers("", "");
    }

    @Override
    public void afterStart() throws IOException {
        declared().declare(administrator());
    }

    /** The passwords, as the shared properties name them. */
    @Override
    public Map<String, String> environment() {
        return project.secrets("kafka-").stream()
                .collect(Collectors.toMap(name -> name.toUpperCase(Locale.ROOT).replace('-', '_'), project::secret));
    }

    /** See {@link KafkaLogin#settings}. */
    public Map<String, Object> administrator() {
        return KafkaLogin.settings(broker.toString(), KafkaLogin.ADMINISTRATOR, project.secret("kafka-admin"));
    }

    private KafkaTopics declared() throws IOException {
        return KafkaTopics.read(project.edge("kafka/topics.conf"));
    }

    private Path configuration() {
        return folder.resolve("server.properties");
    }

    /** Not "log", where a 4.4 broker kept what no older one reads. */
    private Path log() {
        return folder.resolve("log-4.3");
    }

    /** A clean end flushes every partition's log. */
    @Override
    public Duration stopTimeout() {
        return Duration.ofSeconds(20);
    }
}

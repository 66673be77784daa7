package dev.meridian.local;

import dev.meridian.local.process.Commands;
import dev.meridian.local.process.Folders;
import dev.meridian.local.process.JavaCommand;
import dev.meridian.local.process.Ports;
import dev.meridian.local.process.Program;
import dev.meridian.local.process.Training;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;

/**
 * One Kafka broker that is its own controller; the queue is a share group on it.
 *
 * @param lib the folder with the broker's jars
 * @param caches where the ahead-of-time cache is kept
 * @param edge the folder of what every broker shares: its properties, and the topics
 */
record KafkaBroker(Path lib, Path caches, Path folder, Address broker, Address controller, Path edge)
        implements Program {

    static final String NAME = "kafka";

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
        Properties properties = new Properties();
        try (var in = Files.newBufferedReader(edge.resolve("broker.properties"))) {
            properties.load(in);
        }
        properties.put("controller.quorum.voters", "1@" + controller);
        properties.put("listeners", "PLAINTEXT://" + broker + ",CONTROLLER://" + controller);
        properties.put("advertised.listeners", "PLAINTEXT://" + broker);
        properties.put("log.dirs", log().toString());
        try (var out = Files.newBufferedWriter(configuration())) {
            properties.store(out, "Written before each start.");
        }
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
        Path cache = caches.resolve("kafka-" + Integer.toHexString(classPath.hashCode()));
        return new JavaCommand(
                FLAGS, List.of("-cp", classPath, "kafka.Kafka", configuration().toString()), cache);
    }

    /** The order matters to the ahead-of-time cache, so no wildcard. */
    private String classPath() throws IOException {
        try (Stream<Path> files = Files.list(lib)) {
            return files.map(Path::toString)
                    .filter(file -> file.endsWith(".jar"))
                    .sorted()
                    .collect(Collectors.joining(File.pathSeparator));
        }
    }

    /** A broker of its own, empty and for a moment, which creates the topics once. */
    @Override
    public Optional<Training> training() throws IOException {
        Path stage = folder.resolve("training");
        Folders.delete(stage); // of the training before, if any
        KafkaBroker understudy =
                new KafkaBroker(lib, caches, stage, new Address(Ports.free()), new Address(Ports.free()), edge);
        return Optional.of(new Training(understudy.java(), List.of(), Map.of(), understudy));
    }

    @Override
    public boolean ready() {
        return broker.accepts(Duration.ofMillis(500));
    }

    @Override
    public void afterStart() throws IOException {
        KafkaTopics.declare(declared(), broker.toString());
    }

    private TopicsFile declared() throws IOException {
        return TopicsFile.read(edge.resolve("topics.conf"));
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

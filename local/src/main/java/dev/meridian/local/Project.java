package dev.meridian.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The checked-out project: where the jars and the configuration of the real programs are. */
public record Project(Path root) {

    /** The file by which the root is known. */
    private static final String LANDMARK = "edge/kafka/topics.conf";

    private static final String VERSION = "1.0.0";

    /** The project that `run` belongs to, or else the one around the working directory, which may be any module's. */
    public static Project current() {
        String root = System.getProperty("meridian.root");
        if (root != null) {
            return new Project(Path.of(root).toAbsolutePath().normalize());
        }
        Path folder = Path.of("").toAbsolutePath();
        for (Path at = folder; at != null; at = at.getParent()) {
            if (Files.exists(at.resolve(LANDMARK))) {
                return new Project(at);
            }
        }
        throw new StackException("No project around " + folder + ": no folder above it holds " + LANDMARK + ".");
    }

    /** Where `./run` keeps its data unless it is told otherwise. */
    public Path data() {
        return root.resolve(".meridian");
    }

    /**
     * What is derived from the build and shared by all stacks of the project: unpacked binaries and jars. Out of the
     * way of `mvn clean`, which may be called while a stack runs.
     */
    public Path cache() {
        return data().resolve("cache");
    }

    /** A file or folder of the configuration that every environment shares. */
    public Path edge(String name) {
        return root.resolve("edge").resolve(name);
    }

    /** The names of development's passwords that begin so. */
    public List<String> secrets(String prefix) {
        try (Stream<Path> files = Files.list(edge("secrets"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(prefix))
                    .toList();
        } catch (IOException e) {
            throw new StackException("Cannot list the passwords in " + edge("secrets") + ": " + e, e);
        }
    }

    /** A password of development, by the name of its file. */
    public String secret(String name) {
        Path file = edge("secrets").resolve(name);
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new StackException("Cannot read the password " + file + ": " + e, e);
        }
    }

    /** @throws StackException when it was not built */
    public Path kafkaClassPath() {
        return built("Kafka broker", root.resolve("local/kafka-broker/target/lib"));
    }

    /** @throws StackException when it was not built */
    Path jar(String module) {
        return built("module " + module, root.resolve(module + "/target/" + module + "-" + VERSION + ".jar"));
    }

    private static Path built(String what, Path product) {
        if (!Files.exists(product)) {
            throw new StackException("The " + what + " is not built: " + product + " is missing (mvn package).");
        }
        return product;
    }
}

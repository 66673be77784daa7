package dev.meridian.local;

import java.nio.file.Files;
import java.nio.file.Path;

/** The checked-out project: where the jars and the configuration of the real programs are. */
public record Project(Path root) {

    /** The file by which the root is known. */
    private static final String LANDMARK = "edge/kafka/topics.conf";

    /** The project that `run` belongs to, or else the one around the working directory. */
    public static Project current() {
        String root = System.getProperty("meridian.root");
        return root != null ? new Project(Path.of(root)) : around(Path.of(""));
    }

    /** The project around a folder, which may be any module's. */
    private static Project around(Path folder) {
        for (Path at = folder.toAbsolutePath().normalize(); at != null; at = at.getParent()) {
            if (Files.exists(at.resolve(LANDMARK))) {
                return new Project(at);
            }
        }
        throw new StackException("No project around " + folder + ": no folder above it holds " + LANDMARK + ".");
    }

    /** A file or folder of the configuration that every environment shares. */
    public Path edge(String name) {
        return root.resolve("edge").resolve(name);
    }

    /** @throws StackException when it was not built */
    Path kafkaClassPath() {
        Path lib = root.resolve("local/kafka-broker/target/lib");
        if (!Files.isDirectory(lib)) {
            throw new StackException("The Kafka broker is not built: " + lib + " is missing (mvn package).");
        }
        return lib;
    }

    /** @throws StackException when it was not built */
    Path jar(String module, String version) {
        Path jar = root.resolve(module).resolve("target").resolve(module + "-" + version + ".jar");
        if (!Files.exists(jar)) {
            throw new StackException("The module " + module + " is not built: " + jar + " is missing (mvn package).");
        }
        return jar;
    }

    /**
     * What is derived from the build and shared by all stacks of the project: unpacked binaries and jars. Out of the
     * way of `mvn clean`, which may be called while a stack runs.
     */
    Path cache() {
        return root.resolve(".meridian/cache");
    }
}

package dev.meridian.local;

import dev.meridian.local.process.JavaCommand;
import dev.meridian.local.process.LogFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Makes the ahead-of-time caches of the container images, inside their build: each service goes through its start as in
 * {@link JavaService#training()}, against real backing services that end with the build step.
 */
final class ImageTraining {

    private ImageTraining() {}

    /**
     * Arguments: a folder with a folder for each service, which holds its <code>app.jar</code> and gets its
     * <code>app.aot</code>; then the JVM's flags, the same as in use.
     *
     * @throws StackException when a service got no cache
     */
    static void main(String[] arguments) throws IOException {
        List<String> flags = List.of(arguments).subList(1, arguments.length);
        Path folder = Files.createTempDirectory("training");
        // PostgreSQL runs as another user than root.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (Stack stack = Stack.start(
                        StackSettings.isolated(folder.resolve("data")).withServices(false), System.out::println);
                Stream<Path> services = Files.list(Path.of(arguments[0]))) {
            for (Path service : services.filter(each -> Files.exists(each.resolve("app.jar")))
                    .sorted()
                    .toList()) {
                train(service, flags, stack, folder);
            }
        }
    }

    private static void train(Path service, List<String> flags, Stack stack, Path folder) throws IOException {
        String name = service.getFileName().toString();
        Path jar = service.resolve("app.jar");
        JavaCommand command = new JavaCommand(flags, List.of("-jar", jar.toString()), folder.resolve(name + "-aot"));
        LogFile log = new LogFile(folder.resolve(name + ".log"));
        JavaService.training(
                        command,
                        Map.of(
                                "SPRING_PROFILES_ACTIVE", "dev",
                                "MERIDIAN_POSTGRES", stack.postgresHosts(),
                                "SPRING_KAFKA_BOOTSTRAPSERVERS", stack.kafkaBootstrapServers(),
                                "SPRING_DATA_REDIS_HOST", Address.HOST,
                                "SPRING_DATA_REDIS_PORT",
                                        Integer.toString(stack.redis().port())))
                .run(folder, log, () -> false);
        if (!Files.exists(command.cache())) {
            throw new StackException("No cache for " + name + ": " + log.reasonSince(0));
        }
        Files.move(command.cache(), service.resolve("app.aot"));
        System.out.println("Trained " + name + ".");
    }
}

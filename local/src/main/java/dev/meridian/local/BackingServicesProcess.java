package dev.meridian.local;

import dev.meridian.local.process.Deadline;
import dev.meridian.local.process.Folders;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Holds the backing services of one build and ends with it. */
final class BackingServicesProcess {

    private BackingServicesProcess() {}

    /** Arguments: the folder to live in, and the process id of the build. */
    static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        ProcessHandle build = ProcessHandle.of(Long.parseLong(arguments[1])).orElse(null);
        if (build == null) {
            return;
        }
        // Also while they still start.
        var ended = build.onExit().thenRun(() -> Runtime.getRuntime().halt(end(folder)));
        sweep(folder);
        StackSettings settings =
                StackSettings.isolated(folder).withServices(false).withFresh(true);
        try {
            Stack stack = Stack.start(settings, System.out::println);
            BackingServices.publish(
                    folder,
                    new BackingServices(
                            stack.postgresHosts(),
                            stack.kafkaBootstrapServers(),
                            Address.HOST,
                            stack.redis().port()));
            ended.join();
        } catch (StackException e) {
            System.out.println(e.getMessage());
            Runtime.getRuntime().halt(1);
        }
    }

    /** The data are of no use any more: no orderly end, which takes seconds. */
    private static int end(Path folder) {
        ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
        Deadline.in(Duration.ofSeconds(5))
                .await(() -> ProcessHandle.current().descendants().findAny().isEmpty());
        try {
            Folders.delete(folder);
        } catch (IOException e) {
            System.err.println("Cannot delete " + folder + ": " + e);
        }
        return 0;
    }

    /** Deletes what builds before this one could not. */
    private static void sweep(Path folder) throws IOException {
        try (DirectoryStream<Path> folders =
                Files.newDirectoryStream(folder.resolve("..").normalize())) {
            for (Path other : folders) {
                String name = other.getFileName().toString();
                if (name.matches("[0-9]+")
                        && ProcessHandle.of(Long.parseLong(name)).isEmpty()) {
                    Folders.delete(other);
                }
            }
        }
    }
}

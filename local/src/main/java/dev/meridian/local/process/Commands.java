package dev.meridian.local.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.meridian.local.StackException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Short commands of the machine: run to their end, with a bound. */
public final class Commands {

    /** The other system that there are binaries for is macOS. */
    public static final boolean ON_LINUX = System.getProperty("os.name").startsWith("Linux");

    private static final long LIMIT_SECONDS = 120;

    private Commands() {}

    /** Where the PATH, or the usual folders that a PATH may lack, hold a program. */
    public static Optional<Path> find(String program) {
        String path = Objects.requireNonNullElse(System.getenv("PATH"), "") + ":/usr/bin:/bin:/usr/sbin:/sbin";
        return Stream.of(path.split(":"))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** @throws StackException with what was wanted and the likely reason when the command fails */
    public static void require(String what, List<String> command) {
        Outcome outcome = run(command);
        if (!outcome.succeeded()) {
            throw new StackException("Cannot " + what + ": "
                    + LogFile.reason(outcome.output().lines().toList()));
        }
    }

    /** Whether a command went well, and what it said. */
    public record Outcome(boolean succeeded, String output) {}

    /**
     * One that takes longer than two minutes is killed, and failed.
     *
     * @throws StackException when it cannot be started
     */
    public static Outcome run(List<String> command) {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(new File("/"))
                    .redirectErrorStream(true)
                    .redirectInput(new File("/dev/null"))
                    .start();
            CompletableFuture.delayedExecutor(LIMIT_SECONDS, TimeUnit.SECONDS).execute(process::destroyForcibly);
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            return new Outcome(process.waitFor() == 0, output);
        } catch (IOException e) {
            throw new StackException("Cannot run " + command.getFirst() + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted.", e);
        }
    }
}

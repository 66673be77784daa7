package dev.meridian.local.process;

import dev.meridian.local.StackException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Short commands of the machine: run to their end, with a bound. */
public final class Commands {

    private static final Duration LIMIT = Duration.ofSeconds(60);

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
    public static void require(String what, List<String> command, Path folder) {
        Outcome outcome = run(command, folder);
        if (!outcome.succeeded()) {
            throw new StackException("Cannot " + what + ": "
                    + LogFile.reason(outcome.output().lines().toList()));
        }
    }

    /** What a command said, and whether it went well. */
    public record Outcome(int exit, String output) {
        public boolean succeeded() {
            return exit == 0;
        }
    }

    /** @throws StackException when it cannot be started or takes longer than a minute */
    public static Outcome run(List<String> command, Path folder) {
        Path output = null;
        try {
            output = Files.createTempFile("meridian", ".out");
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .redirectInput(new File("/dev/null"))
                    .start();
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new StackException(command.getFirst() + " did not end within " + LIMIT.toSeconds() + " s.");
            }
            return new Outcome(process.exitValue(), Files.readString(output));
        } catch (IOException e) {
            throw new StackException("Cannot run " + command.getFirst() + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted.", e);
        } finally {
            if (output != null) {
                output.toFile().delete();
            }
        }
    }
}

package dev.meridian.local;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Short commands of the machine: run to their end, with a bound. */
final class Commands {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private Commands() {}

    /** Where the PATH, or the usual folders that a PATH may lack, hold a program. */
    static Optional<Path> find(String program) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("")
                + File.pathSeparator + "/usr/bin" + File.pathSeparator + "/bin"
                + File.pathSeparator + "/usr/sbin" + File.pathSeparator + "/sbin";
        for (String folder : path.split(File.pathSeparator)) {
            Path candidate = Path.of(folder, program);
            if (!folder.isEmpty() && Files.isExecutable(candidate)) {
                return Optional.of(candidate);
            }
        }
        return Optional.empty();
    }

    /** What a command said, and whether it went well. */
    record Outcome(int exit, String output) {
        boolean well() {
            return exit == 0;
        }
    }

    /** @throws StackException when it cannot be started or takes longer than a minute */
    static Outcome run(List<String> command, Path folder) {
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

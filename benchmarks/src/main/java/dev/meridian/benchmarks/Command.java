package dev.meridian.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs another program to its end. */
public final class Command {

    private Command() {}

    /**
     * Runs the program and returns what it wrote to its output.
     *
     * @throws IOException when it takes longer than the limit, or fails; with what it wrote
     */
    public static String output(Duration limit, List<String> command) throws IOException, InterruptedException {
        var output = Files.createTempFile("command", ".out");
        var errors = Files.createTempFile("command", ".err");
        try {
            var process = new ProcessBuilder(command)
                    .redirectOutput(output.toFile())
                    .redirectError(errors.toFile())
                    .start();
            try {
                process.getOutputStream().close();
                if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                    throw new IOException(command + " takes longer than " + limit.toSeconds() + " s.");
                }
            } finally {
                process.destroyForcibly();
            }
            var text = Files.readString(output);
            if (process.exitValue() != 0) {
                throw new IOException(command + " failed: " + text + Files.readString(errors));
            }
            return text;
        } finally {
            Files.deleteIfExists(output);
            Files.deleteIfExists(errors);
        }
    }
}

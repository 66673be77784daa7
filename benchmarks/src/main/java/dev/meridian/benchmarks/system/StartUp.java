package dev.meridian.benchmarks.system;

import dev.meridian.benchmarks.Leftovers;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One start of the system by its command, as a user does it.
 *
 * @param toReady from the command to the line that starts with {@code Ready: }
 * @param memory of everything that it started and of itself, some seconds later; zero where it is not told
 * @param toEnd from SIGTERM to the end of the last process
 */
record StartUp(Duration toReady, Memory memory, Duration toEnd) {
    private static final Duration LIMIT = Duration.ofMinutes(4);
    private static final Duration REST = Duration.ofSeconds(5);

    /**
     * @param root where {@code run} is
     * @param data its data folder
     * @param fresh whether what is there is wiped first
     * @throws IOException when it does not get ready, with the last thing that it said
     */
    static StartUp measure(Path root, Path data, boolean fresh) throws IOException, InterruptedException {
        var command = new ProcessBuilder(
                        root.resolve("run").toString(),
                        "--data",
                        data.toString(),
                        "--port",
                        Integer.toString(freePort()))
                .redirectErrorStream(true);
        if (fresh) {
            command.command().add("--fresh");
        }
        long begin = System.nanoTime();
        var process = Leftovers.of(command.start());
        try {
            process.getOutputStream().close();
            var output = new BufferedReader(process.inputReader(StandardCharsets.UTF_8));
            awaitReady(output);
            var ready = Duration.ofNanos(System.nanoTime() - begin);
            Thread.ofVirtual().start(() -> swallow(output));
            Thread.sleep(REST);
            var memory = Memory.of(process.pid()).orElse(Memory.NONE);
            begin = System.nanoTime();
            process.destroy();
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("./run did not end within " + LIMIT.toSeconds() + " s of SIGTERM.");
            }
            return new StartUp(ready, memory, Duration.ofNanos(System.nanoTime() - begin));
        } finally {
            process.destroyForcibly();
        }
    }

    /** What it says once it is ready is of no interest, and must not fill the pipe. */
    private static void swallow(BufferedReader output) {
        try {
            output.transferTo(Writer.nullWriter());
        } catch (IOException ended) {
            // So has the command.
        }
    }

    private static void awaitReady(BufferedReader output) throws IOException, InterruptedException {
        var ready = CompletableFuture.supplyAsync(() -> {
            var last = "nothing";
            try {
                for (var line = output.readLine(); line != null; line = output.readLine()) {
                    if (line.startsWith("Ready: ")) {
                        return "";
                    }
                    if (!line.isBlank()) {
                        last = line;
                    }
                }
            } catch (IOException e) {
                throw new CompletionException(e);
            }
            return last;
        });
        try {
            var otherwise = ready.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            if (!otherwise.isEmpty()) {
                throw new IOException("./run ended before it was ready; the last thing it said: " + otherwise);
            }
        } catch (TimeoutException e) {
            throw new IOException("./run was not ready within " + LIMIT.toSeconds() + " s.", e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}

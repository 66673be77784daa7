package dev.meridian.local.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes a program's ahead-of-time cache (JEP 514): a run apart from the stack's own records what the program loads, and
 * writes the cache when it ends; at the lowest priority.
 *
 * <p>Recording in the stack's own processes would be simpler, but each kept 150 MiB more until its end.
 *
 * @param command whose cache it is
 * @param flags for the training run alone
 * @param environment what the training run is told
 * @param program what runs, and is ended once others could use it; null where the run ends by itself
 */
public record Training(
        JavaCommand command,
        List<String> flags,
        Map<String, String> environment,
        @Nullable Program program) {

    private static final Duration LIMIT = Duration.ofMinutes(5);

    /** Whether it is still to be done for these jars; one that failed is not tried again. */
    public boolean isDue() {
        return !Files.exists(command.cache()) && !Files.exists(beside("failed"));
    }

    /**
     * Returns when the cache is in use for the next start, or has failed for good, or the work was given up.
     *
     * @param givenUp ends the work early; the next call starts it anew
     */
    public void run(Path folder, LogFile log, BooleanSupplier givenUp) throws IOException {
        Files.createDirectories(command.caches());
        Path incoming = beside("incoming-" + ProcessHandle.current().pid());
        List<String> recording = new ArrayList<>(flags);
        recording.add("-XX:AOTCacheOutput=" + incoming);
        List<String> line = new ArrayList<>(List.of("nice", "-n", "19"));
        line.addAll(command.with(recording));
        try {
            if (program != null) {
                program.prepare();
            }
            await(Spawner.spawn(List.of(), line, environment, folder, log.path()), givenUp);
            if (givenUp.getAsBoolean()) {
                return;
            }
            if (Files.exists(incoming)) {
                Files.move(incoming, command.cache(), StandardCopyOption.ATOMIC_MOVE);
            } else {
                Files.createFile(beside("failed"));
            }
        } finally {
            Files.deleteIfExists(incoming);
            Files.deleteIfExists(incoming.resolveSibling(incoming.getFileName() + ".config")); // the JVM's record
        }
    }

    private void await(Process process, BooleanSupplier givenUp) throws IOException {
        Deadline deadline = Deadline.in(LIMIT);
        boolean over = program == null;
        try {
            while (!process.waitFor(100, TimeUnit.MILLISECONDS) && !givenUp.getAsBoolean() && !deadline.passed()) {
                if (program != null && !over && program.ready()) {
                    program.afterStart();
                    Signal.TERM.send(process.pid());
                    over = true;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            // With the process that writes the cache.
            OsProcess.of(process.toHandle()).signalAll(Signal.KILL);
        }
    }

    private Path beside(String ending) {
        return command.cache().resolveSibling(command.cache().getFileName() + "." + ending);
    }
}

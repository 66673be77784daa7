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

/**
 * Makes a program's ahead-of-time cache (JEP 514): a run apart from the stack's own records what the program loads, and
 * writes the cache when it ends; at the lowest priority.
 *
 * <p>Recording in the stack's own processes would be simpler, but each kept 150 MiB more until its end.
 *
 * @param program whose cache it is
 * @param flags for the training run
 * @param environment what the training run is told
 */
public record Training(JavaCommand program, List<String> flags, Map<String, String> environment, Rehearsal rehearsal) {

    /** What surrounds a training run. */
    public interface Rehearsal {

        /** One that needs nothing and ends by itself. */
        Rehearsal ALONE = new Rehearsal() {};

        default void begin() throws IOException {}

        /** Whether the program has done enough and is to be ended; asked again and again. */
        default boolean isOver() throws IOException {
            return false;
        }

        default void end() throws IOException {}
    }

    private static final Duration LIMIT = Duration.ofMinutes(5);

    /** Whether it is still to be done for these jars; one that failed is not tried again. */
    public boolean isDue() {
        return !Files.exists(program.cache()) && !Files.exists(beside("failed"));
    }

    /**
     * Returns when the cache is in use for the next start, or has failed for good, or the work was given up.
     *
     * @param givenUp ends the work early; the next call starts it anew
     */
    public void run(Path folder, LogFile log, BooleanSupplier givenUp) throws IOException {
        Files.createDirectories(program.caches());
        Path incoming = beside("incoming-" + ProcessHandle.current().pid());
        List<String> line = new ArrayList<>(List.of("nice", "-n", "19"));
        List<String> recording = new ArrayList<>(flags);
        recording.add("-XX:AOTCacheOutput=" + incoming);
        line.addAll(program.with(recording));
        try {
            rehearsal.begin();
            rehearse(Spawner.spawn(new Launch(line, environment), folder, log.path()), givenUp);
            if (givenUp.getAsBoolean()) {
                return;
            }
            if (Files.exists(incoming)) {
                Files.move(incoming, program.cache(), StandardCopyOption.ATOMIC_MOVE);
            } else {
                Files.createFile(beside("failed"));
            }
        } finally {
            rehearsal.end();
            Files.deleteIfExists(incoming);
            Files.deleteIfExists(incoming.resolveSibling(incoming.getFileName() + ".config")); // the JVM's record
        }
    }

    private void rehearse(Process process, BooleanSupplier givenUp) throws IOException {
        Deadline deadline = Deadline.in(LIMIT);
        boolean over = false;
        try {
            while (!process.waitFor(100, TimeUnit.MILLISECONDS) && !givenUp.getAsBoolean() && !deadline.passed()) {
                if (!over && rehearsal.isOver()) {
                    over = true;
                    Signal.TERM.send(process.pid());
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
        return program.cache().resolveSibling(program.cache().getFileName() + "." + ending);
    }
}

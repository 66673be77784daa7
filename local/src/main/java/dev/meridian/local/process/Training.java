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
 * Makes a program's ahead-of-time cache: a run apart from the stack's own records what the program loads, a second one
 * writes the cache from the record. Both run at the lowest priority, and one after the other, for memory.
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
        long pid = ProcessHandle.current().pid();
        Path record = beside("record-" + pid);
        Path incoming = beside("incoming-" + pid);
        try {
            List<String> recording = new ArrayList<>(List.of("-XX:AOTMode=record", "-XX:AOTConfiguration=" + record));
            recording.addAll(flags);
            rehearsal.begin();
            step(recording, folder, log, givenUp, rehearsal);
            if (!givenUp.getAsBoolean() && Files.exists(record)) {
                List<String> creation =
                        List.of("-XX:AOTMode=create", "-XX:AOTConfiguration=" + record, "-XX:AOTCache=" + incoming);
                step(creation, folder, log, givenUp, Rehearsal.ALONE);
            }
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
            Files.deleteIfExists(record);
            Files.deleteIfExists(incoming);
        }
    }

    private void step(List<String> mode, Path folder, LogFile log, BooleanSupplier givenUp, Rehearsal rehearsal)
            throws IOException {
        List<String> line = new ArrayList<>(List.of("nice", "-n", "19"));
        line.addAll(program.with(mode));
        Process process = Spawner.spawn(new Launch(line, environment), folder, log.path());
        Deadline deadline = Deadline.in(LIMIT);
        try {
            while (!process.waitFor(100, TimeUnit.MILLISECONDS)) {
                if (givenUp.getAsBoolean() || deadline.passed()) {
                    return;
                }
                if (rehearsal.isOver()) {
                    Signal.TERM.send(process.pid()); // writes the record at its end
                    process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            process.destroyForcibly();
        }
    }

    private Path beside(String ending) {
        return program.cache().resolveSibling(program.cache().getFileName() + "." + ending);
    }
}

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
 * A Java program's command, started from the JDK's ahead-of-time cache once there is one (JEP 483, 514). A cache belongs
 * to exactly these jars, flags and this JDK; the JVM itself refuses any other and starts without.
 *
 * @param flags the JVM's, the same in training and use
 * @param program what follows them: the jar, or a class path and a class
 * @param caches the folder for the cache; it changes with the jars
 */
public record JavaCommand(List<String> flags, List<String> program, Path caches) {

    /** The Java that runs the stack runs its programs too. */
    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();

    /** For a program that runs a moment: the quick compiler alone, and one collector thread. */
    public static final List<String> SHORT_LIVED = List.of(JAVA, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    /** The JVM tells of each class that it leaves out. */
    private static final List<String> QUIETLY = List.of("-Xlog:aot*=off", "-Xlog:cds*=off");

    private static final Duration TRAINING_LIMIT = Duration.ofMinutes(5);

    /** With the cache once it is there. */
    public List<String> line() {
        return Files.exists(cache()) ? with(List.of("-XX:AOTCache=" + cache())) : with(List.of());
    }

    private List<String> with(List<String> more) {
        List<String> line = new ArrayList<>(List.of(JAVA));
        line.addAll(flags);
        line.addAll(QUIETLY);
        line.addAll(more);
        line.addAll(program);
        return line;
    }

    private Path cache() {
        String release = Runtime.version().toString().replaceAll("[^A-Za-z0-9.+-]", "_");
        return caches.resolve(release + "-" + Integer.toHexString(flags.hashCode()) + ".aot");
    }

    /**
     * Makes the cache, unless it is there or has failed before: a run apart from the stack's own records what the
     * program loads, and writes the cache when it ends; at the lowest priority. Returns when the cache is in use for the
     * next start, or has failed for good, or the work was given up.
     *
     * <p>Recording in the stack's own processes would be simpler, but each kept 150 MiB more until its end.
     *
     * @param more flags for this run alone
     * @param environment what it is told
     * @param stage what runs, and is ended once others could use it; null where it ends by itself
     * @param givenUp ends the work early; the next call starts it anew
     */
    public void train(
            List<String> more,
            Map<String, String> environment,
            @Nullable Program stage,
            Path log,
            BooleanSupplier givenUp)
            throws IOException {
        Path failed = cache().resolveSibling(cache().getFileName() + ".failed");
        Path incoming = cache().resolveSibling(cache().getFileName() + ".incoming-"
                + ProcessHandle.current().pid());
        if (Files.exists(cache()) || Files.exists(failed)) {
            return;
        }
        Files.createDirectories(caches);
        List<String> recording = new ArrayList<>(more);
        recording.add("-XX:AOTCacheOutput=" + incoming);
        List<String> line = new ArrayList<>(List.of("nice", "-n", "19"));
        line.addAll(with(recording));
        try {
            if (stage != null) {
                stage.prepare();
            }
            await(Spawner.spawn(List.of(), line, environment, caches, log), stage, givenUp);
            if (givenUp.getAsBoolean()) {
                return;
            }
            if (Files.exists(incoming)) {
                Files.move(incoming, cache(), StandardCopyOption.ATOMIC_MOVE);
            } else {
                Files.createFile(failed);
            }
        } finally {
            Files.deleteIfExists(incoming);
            Files.deleteIfExists(incoming.resolveSibling(incoming.getFileName() + ".config")); // the JVM's record
        }
    }

    private static void await(Process process, @Nullable Program stage, BooleanSupplier givenUp) throws IOException {
        Deadline deadline = Deadline.in(TRAINING_LIMIT);
        boolean ending = false;
        try {
            while (!process.waitFor(100, TimeUnit.MILLISECONDS) && !givenUp.getAsBoolean() && !deadline.passed()) {
                if (stage != null && !ending && stage.ready()) {
                    stage.afterStart();
                    Signal.TERM.send(process.pid());
                    ending = true;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            // With the process that writes the cache.
            OsProcess.of(process.toHandle()).signalAll(Signal.KILL);
        }
    }
}

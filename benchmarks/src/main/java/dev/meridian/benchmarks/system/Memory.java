package dev.meridian.benchmarks.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Resident memory of a process and its children.
 *
 * @param rss the sum of what each of them has resident; what they share counts once for each
 * @param pss the same with each shared page divided among those who share it, so that sums mean something
 */
record Memory(long rss, long pss) {

    static final Memory NONE = new Memory(0, 0);

    Memory plus(Memory other) {
        return new Memory(rss + other.rss, pss + other.pss);
    }

    double rssMebibytes() {
        return rss / (double) (1 << 20);
    }

    double pssMebibytes() {
        return pss / (double) (1 << 20);
    }

    /** Empty where the system does not tell (it is Linux that does). */
    static Optional<Memory> of(long pid) {
        if (!Files.exists(Path.of("/proc/self/smaps_rollup"))) {
            return Optional.empty();
        }
        return Optional.of(ProcessHandle.of(pid).stream()
                .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
                .map(process -> Memory.ofOne(process.pid()))
                .reduce(NONE, Memory::plus));
    }

    private static Memory ofOne(long pid) {
        try (var lines = Files.lines(Path.of("/proc", Long.toString(pid), "smaps_rollup"))) {
            return parse(lines);
        } catch (IOException | java.io.UncheckedIOException ended) {
            return NONE;
        }
    }

    /** @param rollup the lines of a {@code smaps_rollup}, see proc(5) */
    static Memory parse(Stream<String> rollup) {
        long rss = 0;
        long pss = 0;
        for (var line : rollup.toList()) {
            if (line.startsWith("Rss:")) {
                rss += kibibytes(line);
            } else if (line.startsWith("Pss:")) {
                pss += kibibytes(line);
            }
        }
        return new Memory(rss * 1024, pss * 1024);
    }

    private static long kibibytes(String line) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
    }
}

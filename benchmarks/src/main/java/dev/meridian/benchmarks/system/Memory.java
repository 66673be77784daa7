package dev.meridian.benchmarks.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Resident memory as PSS: a page that processes share is divided among them, so that sums mean something. Linux alone
 * tells it.
 */
final class Memory {

    private Memory() {}

    /**
     * By name, in MiB; zero where it is not told.
     *
     * @param names of the processes by their ids
     */
    static Map<String, Double> byName(Map<Long, String> names) {
        var memory = new TreeMap<String, Double>();
        names.forEach((pid, name) -> memory.merge(name, ofOne(pid), Double::sum));
        return memory;
    }

    static double total(Map<String, Double> byName) {
        return byName.values().stream().mapToDouble(each -> each).sum();
    }

    private static double ofOne(long pid) {
        try (var lines = Files.lines(Path.of("/proc", Long.toString(pid), "smaps_rollup"))) {
            return pssMebibytes(lines);
        } catch (IOException | UncheckedIOException endedOrNotLinux) {
            return 0;
        }
    }

    /** @param rollup the lines of a {@code smaps_rollup}, see proc(5) */
    static double pssMebibytes(Stream<String> rollup) {
        return rollup.filter(line -> line.startsWith("Pss:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .sum()
                / 1024.0;
    }
}

package dev.meridian.benchmarks.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What processes have used so far. The context switches are those of threads that still live: Linux forgets a thread's
 * with its end, and other systems do not tell them.
 */
record Usage(Map<Long, OfProcess> processes) {

    /** @param switches of each thread */
    record OfProcess(String name, Duration cpu, Map<Long, Long> switches) {}

    /** What was used in a while. */
    record Spent(Duration cpu, long switches) {

        Spent plus(Spent other) {
            return new Spent(cpu.plus(other.cpu), switches + other.switches);
        }

        double cpuMillis() {
            return cpu.toNanos() / 1e6;
        }
    }

    private static final Pattern BACKEND = Pattern.compile("postgres: (\\S+) (\\S+) \\S+\\(\\d+\\).*");

    /** @param names of the processes by their ids */
    static Usage now(Map<Long, String> names) {
        var processes = new HashMap<Long, OfProcess>();
        names.forEach((pid, name) -> ProcessHandle.of(pid)
                .flatMap(process -> process.info().totalCpuDuration())
                .ifPresent(cpu -> processes.put(pid, new OfProcess(name, cpu, switches(pid)))));
        return new Usage(processes);
    }

    /** By name, what was used since then; a process that did not exist then has used all of its own since. */
    Map<String, Spent> since(Usage before) {
        var spent = new TreeMap<String, Spent>();
        processes.forEach((pid, now) -> {
            var then = before.processes.getOrDefault(pid, new OfProcess(now.name, Duration.ZERO, Map.of()));
            long switches = now.switches.entrySet().stream()
                    .mapToLong(thread -> thread.getValue() - then.switches.getOrDefault(thread.getKey(), 0L))
                    .sum();
            spent.merge(now.name, new Spent(now.cpu.minus(then.cpu), switches), Spent::plus);
        });
        return spent;
    }

    private static Map<Long, Long> switches(long pid) {
        var switches = new HashMap<Long, Long>();
        try (var threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            for (var thread : threads.toList()) {
                try (var status = Files.lines(thread.resolve("status"))) {
                    switches.put(Long.valueOf(thread.getFileName().toString()), switches(status));
                } catch (IOException | UncheckedIOException ended) {
                    // Its last switches are lost.
                }
            }
        } catch (IOException endedOrNotLinux) {
            return Map.of();
        }
        return switches;
    }

    /** @param status the lines of a thread's {@code status}, see proc(5) */
    static long switches(Stream<String> status) {
        return status.filter(line -> line.contains("voluntary_ctxt_switches:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .sum();
    }

    /**
     * What a process of PostgreSQL works for, since its cost belongs to different steps of an order.
     *
     * @param title as PostgreSQL sets it
     */
    static String purpose(String title) {
        var backend = BACKEND.matcher(title);
        if (title.startsWith("postgres: walsender") || title.startsWith("postgres: walreceiver")) {
            return "replication";
        }
        return backend.matches() ? backend.group(2) : "server";
    }
}

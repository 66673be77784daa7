package dev.meridian.benchmarks.outbox;

import dev.meridian.benchmarks.Cpu;
import dev.meridian.benchmarks.Leftovers;
import dev.meridian.benchmarks.load.OpenLoop;
import dev.meridian.benchmarks.load.Schedule;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** One relay's way through the scenarios. */
final class RelayRun {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Duration PAUSE = Duration.ofSeconds(25);
    private static final int ROUNDS = 3;

    private final Servers servers;
    private final Relay relay;
    private final Sizes sizes;
    private final List<Process> instances = new ArrayList<>();
    private final Map<String, String> measured = new LinkedHashMap<>();
    private int started;

    /**
     * @param events in a backlog
     * @param rate orders per second where the delay is measured
     */
    record Sizes(int events, int rate, Duration delay, Duration outage) {}

    RelayRun(Servers servers, Relay relay, Sizes sizes) {
        this.servers = servers;
        this.relay = relay;
        this.sizes = sizes;
    }

    /** Returns the measured values by what was measured. */
    Map<String, String> all(List<Scenario> scenarios) throws Exception {
        note("settings: " + relay.settings());
        relay.prepare();
        try {
            startUntil(1);
            warmUp();
            for (var scenario : scenarios) {
                startUntil(scenario.instances());
                switch (scenario) {
                    case DRAIN, DRAIN_BY_TWO -> drain(scenario);
                    case DELAY, DELAY_BY_TWO -> delay(scenario);
                    case IDLE -> idle(scenario);
                    case KILL -> kill(scenario);
                    case PAUSE -> pause(scenario);
                    case OUTAGE -> outage(scenario);
                }
            }
            return measured;
        } finally {
            for (var instance : instances) {
                instance.destroyForcibly().waitFor();
            }
            endSessions();
        }
    }

    /** A killed client's statement may go on for long, at the next relay's expense. */
    private void endSessions() throws SQLException {
        try (var connection = servers.connect("postgres");
                var end = connection.prepareStatement(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ?")) {
            end.setString(1, relay.database());
            end.execute();
        }
    }

    private void note(String text) {
        System.out.println(relay.name() + ": " + text);
    }

    private void record(Scenario scenario, String what, String format, Object... values) {
        var value = format.formatted(values);
        note(scenario + ": " + what + " " + value);
        measured.put(scenario + ": " + what, value);
    }

    private void startUntil(int count) throws InterruptedException, IOException {
        instances.removeIf(instance -> !instance.isAlive());
        boolean missing = instances.size() < count;
        while (instances.size() < count) {
            instances.add(Leftovers.of(relay.start(relay.name() + "-" + ++started)));
        }
        if (missing) {
            check(Arrivals.await(() -> isReady(instances.size()), LIMIT), "The relay does not start.");
            if (count > 1) {
                drainOnce(); // warms up the new one
            }
        }
    }

    private boolean isReady(int count) {
        try {
            return relay.ready(count);
        } catch (SQLException notYet) {
            return false;
        }
    }

    private void warmUp() throws Exception {
        for (int i = 0; i < ROUNDS; i++) {
            drainOnce();
        }
        for (int share = 4; share > 0; share--) { // gently: a cold service cannot keep the pace
            place(sizes.rate() / share, Duration.ofSeconds(10));
        }
    }

    /** Of all instances and the database under them. */
    private Duration cpu() {
        return instances.stream()
                .map(instance -> Cpu.of(instance.pid()))
                .reduce(Cpu.of(servers.postgresPid()), Duration::plus);
    }

    private void addBacklog() throws SQLException {
        try (var connection = servers.connect(relay.database())) {
            connection.setAutoCommit(false);
            relay.insert(connection, Event.pairs(sizes.events()));
            connection.commit();
        }
    }

    private record Drained(double perSecond, double cpuMillisPerThousand, int repeated, int overtaken) {}

    private Drained drainOnce() throws InterruptedException {
        try (var watch = Arrivals.watch(servers.bootstrapServers(), OutboxBenchmark.TOPIC)) {
            var arrivals = watch.arrivals();
            var cpu = cpu();
            addBacklog();
            var committed = Instant.now();
            check(
                    arrivals.await(sizes.events(), LIMIT),
                    "Only " + arrivals.distinct() + " of " + sizes.events() + " events came.");
            var seconds =
                    Duration.between(committed, present(arrivals.latest())).toNanos() / 1e9;
            var drained = new Drained(
                    sizes.events() / seconds,
                    cpu().minus(cpu).toNanos() / 1e3 / sizes.events(),
                    arrivals.repeated(),
                    arrivals.overtaken());
            note("drained " + sizes.events() + " events by " + instances.size() + ": " + drained);
            return drained;
        } catch (SQLException e) {
            throw new IllegalStateException("No backlog could be made.", e);
        }
    }

    private void drain(Scenario scenario) throws InterruptedException {
        var rounds = new ArrayList<Drained>();
        for (int i = 0; i < ROUNDS; i++) {
            rounds.add(drainOnce());
        }
        record(scenario, "events/s", "%.0f", median(rounds.stream().map(Drained::perSecond)));
        record(
                scenario,
                "CPU ms per 1,000 events",
                "%.0f",
                median(rounds.stream().map(Drained::cpuMillisPerThousand)));
        record(
                scenario,
                "repeated",
                "%d",
                rounds.stream().mapToInt(Drained::repeated).sum());
        record(
                scenario,
                "overtaken",
                "%d",
                rounds.stream().mapToInt(Drained::overtaken).sum());
    }

    private static double median(java.util.stream.Stream<Double> values) {
        var sorted = values.sorted().toList();
        return sorted.get(sorted.size() / 2);
    }

    /** Orders at a fixed rate; returns those that are certain to be committed. */
    private List<UUID> place(int perSecond, Duration length) throws InterruptedException {
        var placed = Collections.synchronizedList(new ArrayList<UUID>());
        var result = OpenLoop.run(
                Schedule.of(System.nanoTime() + 100_000_000, perSecond, length), (n, due) -> placed.add(relay.place()));
        if (result.failures() > 0) {
            note(result.failures() + " of " + result.calls() + " not placed, for example: " + result.example());
        }
        return placed;
    }

    private void delay(Scenario scenario) throws Exception {
        try (var watch = Arrivals.watch(servers.bootstrapServers(), relay.placedTopic());
                var connection = servers.connect(relay.database())) {
            var placed = place(sizes.rate(), sizes.delay());
            watch.arrivals().await(placed.size(), LIMIT);
            var delays = delays(connection, watch.arrivals(), placed);
            check(
                    delays.getTotalCount() == placed.size(),
                    "Only " + delays.getTotalCount() + " of " + placed.size() + " came.");
            record(scenario, "p50 ms", "%.1f", delays.getValueAtPercentile(50) / 1e3);
            record(scenario, "p99 ms", "%.1f", delays.getValueAtPercentile(99) / 1e3);
        }
    }

    /** Microseconds from the database's commit to the consumer. */
    private Histogram delays(Connection connection, Arrivals arrivals, List<UUID> placed) throws SQLException {
        var delays = new Histogram(3);
        var committed = relay.committed(connection);
        for (var id : placed) {
            var came = arrivals.first(new Event(id, 0));
            if (came != null) {
                var delay = Duration.between(present(committed.get(id)), came);
                delays.recordValue(Math.max(0, delay.toNanos() / 1_000));
            }
        }
        return delays;
    }

    private void idle(Scenario scenario) throws InterruptedException {
        Thread.sleep(2_000);
        var length = Duration.ofSeconds(10);
        var cpu = cpu();
        Thread.sleep(length);
        record(scenario, "% of a core", "%.1f", cpu().minus(cpu).toNanos() * 100.0 / length.toNanos());
    }

    private void kill(Scenario scenario) throws Exception {
        try (var watch = Arrivals.watch(servers.bootstrapServers(), OutboxBenchmark.TOPIC)) {
            addBacklog();
            watch.arrivals().await(sizes.events() / 4, LIMIT);
            instances.removeFirst().destroyForcibly().waitFor();
            settle(scenario, watch.arrivals(), sizes.events(), Instant.now());
        }
    }

    private void pause(Scenario scenario) throws Exception {
        try (var watch = Arrivals.watch(servers.bootstrapServers(), OutboxBenchmark.TOPIC)) {
            addBacklog();
            watch.arrivals().await(sizes.events() / 4, LIMIT);
            var paused = instances.getFirst();
            signal(paused, "STOP");
            var stopped = Instant.now();
            watch.arrivals().await(sizes.events(), PAUSE);
            var came = watch.arrivals().distinct();
            Thread.sleep(Duration.between(Instant.now(), stopped.plus(PAUSE)));
            signal(paused, "CONT");
            settle(scenario, watch.arrivals(), sizes.events(), stopped);
            record(scenario, "waited for the paused one", "%d", sizes.events() - came);
        }
    }

    private void outage(Scenario scenario) throws Exception {
        try (var watch = Arrivals.watch(servers.bootstrapServers(), relay.placedTopic());
                var connection = servers.connect(relay.database())) {
            var placing = CompletableFuture.supplyAsync(() -> {
                try {
                    return place(sizes.rate() / 2, sizes.outage().plusSeconds(15));
                } catch (InterruptedException e) {
                    throw new CompletionException(e);
                }
            });
            Thread.sleep(5_000);
            servers.killKafka();
            Thread.sleep(sizes.outage());
            servers.startKafka();
            var back = Instant.now();
            settle(scenario, watch.arrivals(), placing.get().size(), back);
            record(scenario, "left in the outbox", "%d", relay.pending(connection));
        }
    }

    private void settle(Scenario scenario, Arrivals arrivals, int expected, Instant since) throws InterruptedException {
        arrivals.await(expected, LIMIT);
        var last = present(arrivals.latest());
        Thread.sleep(3_000); // repetitions may still come
        record(scenario, "lost", "%d", Math.max(0, expected - arrivals.distinct()));
        record(scenario, "overtaken", "%d", arrivals.overtaken());
        record(scenario, "repeated (late)", "%d (%d)", arrivals.repeated(), arrivals.repeatedLate());
        record(
                scenario,
                "seconds until the last came",
                "%.1f",
                Math.max(0, Duration.between(since, last).toMillis() / 1e3));
    }

    private static void signal(Process process, String name) throws IOException, InterruptedException {
        var kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .inheritIO()
                .start();
        check(kill.waitFor() == 0, "Cannot send SIG" + name + ".");
    }

    private static void check(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }

    private static <T> T present(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("Nothing came.");
        }
        return value;
    }
}

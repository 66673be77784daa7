package dev.meridian.benchmarks.system;

import static dev.meridian.benchmarks.system.Settling.millis;

import dev.meridian.benchmarks.Figure;
import dev.meridian.benchmarks.Machine;
import dev.meridian.benchmarks.Table;
import dev.meridian.benchmarks.Target;
import dev.meridian.benchmarks.load.OpenLoop;
import dev.meridian.benchmarks.load.Schedule;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Many open streams of order events: what they cost, and how long a change takes to a client that has one.
 *
 * <p>Orders are placed meanwhile, one in some of them paid with {@code tok_flaky} and watched: these are decided at the
 * third attempt, so that their streams are open by then. The time is from the outcome's commit, by PostgreSQL's own
 * commit times, to the event in the client's hands.
 */
@Command(
        name = "streams",
        mixinStandardHelpOptions = true,
        description = "Measures open streams of order events, and the delay of a change among them.")
public final class StreamsBenchmark implements Callable<Integer> {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** After the last order has settled; a change that takes longer did not come. */
    private static final Duration LATE = Duration.ofSeconds(10);

    @Option(names = "--streams", description = "Streams to hold open (default: ${DEFAULT-VALUE}).")
    private int streams = 2_000;

    @Option(names = "--rate", description = "Orders per second meanwhile (default: ${DEFAULT-VALUE}).")
    private int rate = 100;

    @Option(
            names = "--timed",
            description = "Of so many of them, one has a stream, and its change is timed (default: ${DEFAULT-VALUE}).")
    private int timed = 5;

    @Option(names = "--seconds", description = "How long they are timed (default: ${DEFAULT-VALUE}).")
    private int seconds = 30;

    @Option(
            names = "--warm-up",
            defaultValue = "3m",
            description = "How long the same runs before that (default: ${DEFAULT-VALUE}).")
    private Duration warmUp = Duration.ZERO;

    private final List<Figure> figures = new ArrayList<>();

    /** Orders that were not placed, or whose streams did not open, in the last measurement. */
    private long failures;

    /** Orders of the last measurement whose streams opened and did not tell of their change. */
    private long unseen;

    @Override
    public Integer call() throws Exception {
        System.out.println(Machine.here());
        var data = SystemBenchmark.root().resolve("benchmarks/target/system/streams");
        try (var first = RunningSystem.start(SystemBenchmark.root(), data, true)) {
            first.awaitTraining();
            new Books(first.postgres()).keepCommitTimes(); // takes effect with the next start
        }
        try (var system = RunningSystem.start(SystemBenchmark.root(), data, false);
                var shop = new Shop(List.of(system.frontDoor()), 64).signIn(system.frontDoor());
                var open = new OpenStreams(system.frontDoor(), shop.authorization())) {
            measure(system, shop, new Books(system.postgres()), open);
        }
        System.out.println();
        System.out.println(Machine.here());
        System.out.println();
        System.out.println(Figure.table(figures));
        return 0;
    }

    private void measure(RunningSystem system, Shop shop, Books books, OpenStreams open) throws Exception {
        var ids = new ArrayList<String>();
        for (int i = 0; i < 50; i++) {
            ids.add(shop.place());
        }
        books.awaitSettled(LIMIT);
        System.out.println("Warming up.");
        warmUp(shop, books, open);

        var before = Memory.byName(system.processes());
        System.out.println("Opening " + streams + " streams.");
        long begin = System.nanoTime();
        for (int i = 0; i < streams; i++) {
            open.open(ids.get(i % ids.size()), event -> true);
        }
        double opening = (System.nanoTime() - begin) / 1e9;
        System.out.println("Timing changes.");
        var delays = delays(shop, books, open, rate, Duration.ofSeconds(seconds));
        var after = Memory.byName(system.processes());

        var table = new Table("process", "PSS MiB before", "PSS MiB with the streams");
        after.forEach((name, memory) ->
                table.row(name, "%.0f".formatted(before.getOrDefault(name, 0.0)), "%.0f".formatted(memory)));
        System.out.println(table);
        figures.add(Figure.of("streams open at the end", "", Target.atLeast(streams), open.open()));
        figures.add(Figure.of("streams that broke", "", open.broken()));
        figures.add(Figure.of("opening them one after the other", "s", opening));
        figures.add(Figure.of("commit to event in the client, p50", "ms", millis(delays, 50)));
        figures.add(Figure.of("commit to event in the client, p95", "ms", Target.below(200), millis(delays, 95)));
        figures.add(Figure.of("commit to event in the client, p99", "ms", millis(delays, 99)));
        figures.add(Figure.of("orders or streams refused meanwhile", "", failures));
        figures.add(Figure.of("changes that did not reach their client", "", Target.below(1), unseen));
        figures.add(Figure.of("changes timed", "", delays.getTotalCount()));
    }

    /** More and more of the same; what fails meanwhile does not count. */
    private void warmUp(Shop shop, Books books, OpenStreams open) throws Exception {
        for (int part : new int[] {4, 2, 1}) {
            delays(shop, books, open, Math.max(1, rate / part), warmUp.dividedBy(3));
        }
    }

    private Histogram delays(Shop shop, Books books, OpenStreams open, int perSecond, Duration length)
            throws Exception {
        Map<String, Instant> seen = new ConcurrentHashMap<>();
        var begin = Instant.now();
        var watched = new AtomicInteger();
        var result = OpenLoop.run(Schedule.of(System.nanoTime() + 200_000_000, perSecond, length), (n, due) -> {
            if (n % timed != 0) {
                shop.place();
                return;
            }
            var id = shop.place("tok_flaky");
            open.open(id, event -> {
                if (!Shop.isSettled(event.data())) {
                    return true;
                }
                seen.putIfAbsent(id, event.at());
                return false; // as a client does that has seen the last there is to see
            });
            watched.incrementAndGet();
        });
        failures = result.failures();
        if (result.example() != null) {
            System.out.println("  one of the failures: " + result.example());
        }
        if (!books.awaitSettled(LIMIT)) {
            throw new IOException("Orders do not settle.");
        }
        long end = System.nanoTime() + LATE.toNanos();
        while (seen.size() < watched.get() && System.nanoTime() - end < 0) {
            Thread.sleep(100);
        }
        unseen = watched.get() - seen.size();
        var delays = new Histogram(3);
        books.settledSince(begin.minusSeconds(1)).forEach((id, commit) -> {
            var at = seen.get(id);
            if (at != null) {
                delays.recordValue(Math.max(0, Duration.between(commit, at).toNanos() / 1_000));
            }
        });
        return delays;
    }
}

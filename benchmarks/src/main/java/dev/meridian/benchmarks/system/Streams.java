package dev.meridian.benchmarks.system;

import static dev.meridian.benchmarks.system.Settling.millis;

import dev.meridian.benchmarks.Figure;
import dev.meridian.benchmarks.Target;
import dev.meridian.benchmarks.load.OpenLoop;
import dev.meridian.benchmarks.load.Schedule;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;

/**
 * Many open streams of order events: what they cost, and how long a change takes to a client that has one.
 *
 * <p>Orders are placed meanwhile. One in five is paid with {@code tok_flaky}, so that it is final some 300 ms later and
 * its own stream is open by then. The time is from the outcome's commit to the event at the client.
 */
record Streams(RunningSystem system, Shop shop, Books books) {

    private static final int ORDERS_PER_SECOND = 100;
    private static final int TIMED = 5;
    private static final Duration CALMING = Duration.ofSeconds(10);
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** After the last order has settled; a change that takes longer did not come. */
    private static final Duration LATE = Duration.ofSeconds(10);

    /** @param count how many streams are held open */
    List<Figure> measure(int count, Duration length) throws Exception {
        var figures = new ArrayList<Figure>();
        var ids = new ArrayList<String>();
        for (int i = 0; i < 50; i++) {
            ids.add(shop.place());
        }
        books.awaitSettled(LIMIT);
        try (var open = new OpenStreams(system.frontDoor(), shop.authorization())) {
            delays(open, CALMING, new ArrayList<>());
            double before = memory();
            long begin = System.nanoTime();
            for (int i = 0; i < count; i++) {
                open.open(ids.get(i % ids.size()), event -> true);
            }
            figures.add(Figure.of("opening " + count + " streams", "s", (System.nanoTime() - begin) / 1e9));
            var delays = delays(open, length, figures);
            figures.add(Figure.of("streams open at the end", "", Target.atLeast(count), open.open()));
            figures.add(Figure.of("memory of the streams, PSS", "MiB", memory() - before));
            figures.add(Figure.of("commit to event at the client, p50", "ms", millis(delays, 50)));
            figures.add(Figure.of("commit to event at the client, p95", "ms", Target.below(200), millis(delays, 95)));
            figures.add(Figure.of("commit to event at the client, p99", "ms", millis(delays, 99)));
        }
        return figures;
    }

    private double memory() {
        return Memory.total(Memory.byName(system.processes()));
    }

    private Histogram delays(OpenStreams open, Duration length, List<Figure> figures) throws Exception {
        Map<String, Instant> seen = new ConcurrentHashMap<>();
        var begin = Instant.now();
        var watched = new AtomicInteger();
        var result = OpenLoop.run(Schedule.of(System.nanoTime() + 200_000_000, ORDERS_PER_SECOND, length), (n, due) -> {
            if (n % TIMED != 0) {
                shop.place();
                return;
            }
            var id = shop.place("tok_flaky");
            open.open(id, event -> {
                if (!Shop.isSettled(event.data())) {
                    return true;
                }
                seen.putIfAbsent(id, event.at());
                return false; // as a client does that has seen the last event
            });
            watched.incrementAndGet();
        });
        if (!books.awaitSettled(LIMIT)) {
            throw new IOException("Orders do not settle.");
        }
        long end = System.nanoTime() + LATE.toNanos();
        while (seen.size() < watched.get() && System.nanoTime() - end < 0) {
            Thread.sleep(100);
        }
        figures.add(Figure.of("orders or streams refused meanwhile", "", Target.below(1), result.failures()));
        figures.add(
                Figure.of("changes that did not reach their client", "", Target.below(1), watched.get() - seen.size()));
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

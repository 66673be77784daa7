package dev.meridian.benchmarks.system;

import dev.meridian.benchmarks.load.OpenLoop;
import dev.meridian.benchmarks.load.Schedule;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * How long it takes until an order is final, at a fixed rate of orders. Everything is counted in microseconds from the
 * moment at which an order was due to be placed.
 *
 * @param accepted until the 201 came
 * @param settled until the outcome was committed, by the database's own commit times; of every order. One that stays
 *     open counts as if it had been settled half a minute after the end
 * @param seen until a client that asks for its order again and again sees that it is final; of a sample
 * @param failures orders that were not accepted
 * @param unsettled accepted orders that were still open half a minute after the end
 */
record Settling(Histogram accepted, Histogram settled, Histogram seen, long failures, long unsettled) {

    /** So many orders per second are asked for: asking for all would be more load than placing them. */
    private static final int WATCHED_PER_SECOND = 20;

    private static final Duration PAUSE = Duration.ofMillis(5);
    private static final Duration LIMIT = Duration.ofSeconds(30);

    static Settling measure(Shop shop, Books books, double perSecond, Duration length)
            throws InterruptedException, SQLException {
        var accepted = new ConcurrentHistogram(3);
        var seen = new ConcurrentHistogram(3);
        Map<String, Instant> due = new ConcurrentHashMap<>();
        var begin = Instant.now();
        long beginNanos = System.nanoTime();
        long sample = Math.max(1, Math.round(perSecond / WATCHED_PER_SECOND));
        var result = OpenLoop.run(Schedule.of(beginNanos + 200_000_000, perSecond, length), (n, dueNanos) -> {
            var id = shop.place();
            accepted.recordValue(micros(System.nanoTime() - dueNanos));
            due.put(id, begin.plusNanos(dueNanos - beginNanos));
            if (n % sample == 0) {
                long end = dueNanos + LIMIT.toNanos();
                while (!Shop.isSettled(shop.order(id)) && System.nanoTime() - end < 0) {
                    Thread.sleep(PAUSE);
                }
                seen.recordValue(micros(System.nanoTime() - dueNanos));
            }
        });
        if (result.example() != null) {
            System.out.println("  one of the failures: " + result.example());
        }
        var end = Instant.now().plus(LIMIT);
        var commits = books.settledSince(begin.minusSeconds(1));
        while (!commits.keySet().containsAll(due.keySet()) && Instant.now().isBefore(end)) {
            Thread.sleep(200);
            commits = books.settledSince(begin.minusSeconds(1));
        }
        var settled = new Histogram(3);
        long unsettled = 0;
        for (var order : due.entrySet()) {
            var commit = commits.get(order.getKey());
            unsettled += commit == null ? 1 : 0;
            settled.recordValue(micros(Duration.between(order.getValue(), commit == null ? end : commit)
                    .toNanos()));
        }
        return new Settling(accepted, settled, seen, result.failures(), unsettled);
    }

    private static long micros(long nanos) {
        return Math.max(0, nanos / 1_000);
    }

    static double millis(Histogram histogram, double percentile) {
        return histogram.getValueAtPercentile(percentile) / 1e3;
    }
}

package dev.meridian.benchmarks.system;

import dev.meridian.benchmarks.load.OpenLoop;
import dev.meridian.benchmarks.load.Schedule;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * How long it takes until an order is decided, at a fixed rate of orders. Everything is counted in microseconds from
 * the moment at which an order was due to be placed.
 *
 * @param accepted until the 201 had come
 * @param settled until the outcome was committed, by the database's own commit times; of every order
 * @param seen until a client that asks for its order again and again sees the outcome; of a sample
 * @param failures orders that were not accepted
 * @param unsettled accepted orders that were not settled a while after the end
 */
record Settling(Histogram accepted, Histogram settled, Histogram seen, long failures, long unsettled) {

    /** Asking for every order would be more load than placing them. */
    private static final int SAMPLE = 10;

    private static final Duration PAUSE = Duration.ofMillis(5);
    private static final Duration LIMIT = Duration.ofSeconds(30);

    static Settling measure(Shop shop, Books books, int perSecond, Duration length)
            throws InterruptedException, SQLException, IOException {
        var accepted = new ConcurrentHistogram(3);
        var settled = new ConcurrentHistogram(3);
        var seen = new ConcurrentHistogram(3);
        Map<String, Instant> due = new ConcurrentHashMap<>();
        var begin = Instant.now();
        long beginNanos = System.nanoTime();
        var schedule = Schedule.of(beginNanos + 200_000_000, perSecond, length);
        var result = OpenLoop.run(schedule, (n, dueNanos) -> {
            var id = shop.place();
            accepted.recordValue(micros(System.nanoTime() - dueNanos));
            due.put(id, begin.plusNanos(dueNanos - beginNanos));
            if (n % SAMPLE == 0) {
                long end = dueNanos + LIMIT.toNanos();
                while (!Shop.isSettled(shop.order(id))) {
                    if (System.nanoTime() - end > 0) {
                        throw new IOException("The order " + id + " is not decided.");
                    }
                    Thread.sleep(PAUSE);
                }
                seen.recordValue(micros(System.nanoTime() - dueNanos));
            }
        });
        books.awaitSettled(LIMIT);
        var commits = books.settledSince(begin.minusSeconds(1));
        due.forEach((id, at) -> {
            var commit = commits.get(id);
            if (commit != null) {
                settled.recordValue(micros(Duration.between(at, commit).toNanos()));
            }
        });
        if (result.example() != null) {
            System.out.println("  one of the failures: " + result.example());
        }
        return new Settling(accepted, settled, seen, result.failures(), due.size() - settled.getTotalCount());
    }

    private static long micros(long nanos) {
        return Math.max(0, nanos / 1_000);
    }

    static double millis(Histogram histogram, double percentile) {
        return histogram.getValueAtPercentile(percentile) / 1e3;
    }
}

package dev.meridian.benchmarks.load;

import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Callers that each make the next call as soon as the last one has ended: how much the other side can take. */
public final class ClosedLoop {

    /** So many failures of one caller in a row end the run: the other side is not there. */
    private static final int PATIENCE = 50;

    private ClosedLoop() {}

    /** One caller; it is called by one thread only. */
    @FunctionalInterface
    public interface Caller {
        void call() throws Exception;
    }

    /** Makes a caller with what it needs for itself, a connection for example. */
    @FunctionalInterface
    public interface Callers {
        Caller make(int number) throws Exception;
    }

    /**
     * @param calls how many ended well
     * @param failures how many threw
     * @param example one of what they threw
     */
    public record Result(
            long calls,
            long failures,
            Duration length,
            @Nullable Exception example) {

        public double perSecond() {
            return calls / (length.toNanos() / 1e9);
        }
    }

    /**
     * Calls for that long; a call under way at the end is finished, and counts with the time that it took.
     *
     * @throws Exception when a caller cannot be made
     */
    public static Result run(int callers, Duration length, Callers make) throws Exception {
        var made = new ArrayList<Caller>();
        for (int i = 0; i < callers; i++) {
            made.add(make.make(i));
        }
        var counts = new long[callers];
        var failures = new long[callers];
        var example = new AtomicReference<@Nullable Exception>();
        long start = System.nanoTime();
        long end = start + length.toNanos();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < callers; i++) {
            int number = i;
            var caller = made.get(i);
            threads.add(Thread.startVirtualThread(() -> {
                int inARow = 0;
                while (System.nanoTime() - end < 0 && inARow < PATIENCE) {
                    try {
                        caller.call();
                        counts[number]++;
                        inARow = 0;
                    } catch (Exception e) {
                        failures[number]++;
                        inARow++;
                        example.compareAndSet(null, e);
                    }
                }
            }));
        }
        for (var thread : threads) {
            thread.join();
        }
        long calls = 0;
        long failed = 0;
        for (int i = 0; i < callers; i++) {
            calls += counts[i];
            failed += failures[i];
        }
        return new Result(calls, failed, Duration.ofNanos(System.nanoTime() - start), example.get());
    }
}

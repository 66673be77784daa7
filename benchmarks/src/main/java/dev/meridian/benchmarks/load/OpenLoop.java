package dev.meridian.benchmarks.load;

import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Makes calls when they are due, each on a virtual thread of its own, whatever became of the earlier ones. A call is
 * told when it was due and measures from there: time spent waiting for its turn is part of its latency ("coordinated
 * omission" leaves it out).
 */
public final class OpenLoop {

    /** So many calls may be under way; a system that is further behind than this has failed the benchmark anyway. */
    private static final int IN_FLIGHT = 5_000;

    private OpenLoop() {}

    /** One call. */
    @FunctionalInterface
    public interface Call {
        /** @param due when it was due, in {@link System#nanoTime} terms */
        void make(long n, long due) throws Exception;
    }

    /**
     * @param failures how many calls threw
     * @param example one of what they threw
     */
    public record Result(
            long calls, long failures, @Nullable Exception example) {}

    /** Returns when every call has ended. */
    public static Result run(Schedule schedule, Call call) throws InterruptedException {
        var turns = new Semaphore(IN_FLIGHT);
        var failures = new AtomicLong();
        var example = new AtomicReference<@Nullable Exception>();
        for (long n = 0; n < schedule.calls(); n++) {
            long number = n;
            long due = schedule.due(n);
            sleepUntil(due);
            turns.acquire();
            Thread.startVirtualThread(() -> {
                try {
                    call.make(number, due);
                } catch (Exception e) {
                    failures.incrementAndGet();
                    example.compareAndSet(null, e);
                } finally {
                    turns.release();
                }
            });
        }
        turns.acquire(IN_FLIGHT);
        return new Result(schedule.calls(), failures.get(), example.get());
    }

    private static void sleepUntil(long due) throws InterruptedException {
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }
}

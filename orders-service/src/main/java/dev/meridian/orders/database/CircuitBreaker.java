package dev.meridian.orders.database;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps requests from a server that failed: it opens with a failure, and from then on lets one request through after each
 * pause, until one succeeds. Safe for use by many threads; it never blocks.
 */
public final class CircuitBreaker {

    private final Duration pause;
    private final LongSupplier nanoTime;

    /** When the next request may try; null while the breaker is closed. */
    private final AtomicReference<@Nullable Long> nextTrial = new AtomicReference<>();

    /**
     * @param pause how long nothing is tried after a failure
     * @param nanoTime as {@link System#nanoTime()}
     */
    public CircuitBreaker(Duration pause, LongSupplier nanoTime) {
        this.pause = pause;
        this.nanoTime = nanoTime;
    }

    /** Whether the caller may ask the server. Where it does, it says how that ended. */
    public boolean permits() {
        Long trial = nextTrial.get();
        return trial == null
                || nanoTime.getAsLong() - trial >= 0
                        && nextTrial.compareAndSet(trial, nanoTime.getAsLong() + pause.toNanos());
    }

    public boolean isOpen() {
        return nextTrial.get() != null;
    }

    /** @return whether it was open, so that the caller can log the end of the failure */
    public boolean succeeded() {
        return isOpen() && nextTrial.getAndSet(null) != null;
    }

    /** @return whether it was closed, so that the caller can log the beginning of the failure */
    public boolean failed() {
        return nextTrial.getAndSet(nanoTime.getAsLong() + pause.toNanos()) == null;
    }
}

package dev.meridian.orders.database;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Keeps requests from a server that failed: it opens with a failure, and from then on lets one request through after each
 * pause, until one succeeds. It logs a line when it opens and one when it closes. Safe for use by many threads; it never
 * blocks.
 */
public final class CircuitBreaker {

    private final Logger log;
    private final String server;
    private final Duration pause;
    private final LongSupplier nanoTime;

    /** When the next request may try; null while the breaker is closed. */
    private final AtomicReference<@Nullable Long> nextTrial = new AtomicReference<>();

    /**
     * @param server as the subject of a sentence in the log
     * @param pause how long nothing is tried after a failure
     */
    public CircuitBreaker(Logger log, String server, Duration pause) {
        this(log, server, pause, System::nanoTime);
    }

    CircuitBreaker(Logger log, String server, Duration pause, LongSupplier nanoTime) {
        this.log = log;
        this.server = server;
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

    public void succeeded() {
        if (isOpen() && nextTrial.getAndSet(null) != null) {
            log.info("{} answers again", server);
        }
    }

    public void failed(@Nullable String reason) {
        if (nextTrial.getAndSet(nanoTime.getAsLong() + pause.toNanos()) == null) {
            log.warn("{} fails, and is not read from: {}", server, reason);
        }
    }
}

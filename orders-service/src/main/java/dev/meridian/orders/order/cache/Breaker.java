package dev.meridian.orders.order.cache;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps requests from a Redis that fails, and this instance from believing a Redis that it could not tell something.
 *
 * <p>It opens with the first write that fails and with the third read in a row. Then only a thread of its own asks
 * Redis, and where that answers, goes back in two steps: first requests write again, then there is a new epoch, then
 * they read. In that order whatever was left out was left out before the new epoch, and nothing is left out in it.
 */
final class Breaker implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Breaker.class);

    /** A read that fails leaves nothing behind; a single one may be a hiccup of this process. */
    private static final int READS = 3;

    private enum State {
        CLOSED,
        OPEN,
        CLOSING
    }

    private final AtomicReference<State> state = new AtomicReference<>(State.CLOSED);
    private final AtomicInteger failedReads = new AtomicInteger();
    private final Duration pause;
    private final Runnable probe;
    private final Runnable newEpoch;
    private volatile boolean ended;

    /**
     * @param probe throws where Redis does not answer
     * @param newEpoch makes all that was stored before unreadable, or throws
     */
    Breaker(Duration pause, Runnable probe, Runnable newEpoch) {
        this.pause = pause;
        this.probe = probe;
        this.newEpoch = newEpoch;
    }

    boolean mayRead() {
        return state.get() == State.CLOSED;
    }

    boolean mayWrite() {
        return state.get() != State.OPEN;
    }

    void readSucceeded() {
        if (failedReads.get() != 0) {
            failedReads.set(0);
        }
    }

    void readFailed(RuntimeException e) {
        if (failedReads.incrementAndGet() >= READS) {
            open(e);
        }
    }

    /** To be called before what was not written is shown. */
    void writeFailed(RuntimeException e) {
        open(e);
    }

    private void open(RuntimeException e) {
        if (state.getAndSet(State.OPEN) == State.CLOSED) {
            log.warn("Redis fails; orders are read from the database: {}", e.getMessage());
            Thread.ofVirtual().name("redis-probe").start(this::recover);
        }
    }

    private void recover() {
        while (!ended) {
            try {
                probe.run();
                state.set(State.CLOSING);
                newEpoch.run();
                failedReads.set(0);
                // Not where a write has failed since.
                if (state.compareAndSet(State.CLOSING, State.CLOSED)) {
                    log.info("Redis answers again");
                    return;
                }
            } catch (RuntimeException e) {
                state.set(State.OPEN);
            }
            try {
                Thread.sleep(pause);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    @Override
    public void close() {
        ended = true;
    }
}

package dev.meridian.orders.outbox;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.stereotype.Component;

/** Tells the polling relay of this process which rows were committed. Many signals before it wakes are one. */
@Component
class OutboxSignal {

    /** Larger than any row's id. */
    static final long NONE = Long.MAX_VALUE;

    private final AtomicLong lowest = new AtomicLong(NONE);
    private final Semaphore signalled = new Semaphore(0);

    void signal(long id) {
        lowest.accumulateAndGet(id, Math::min);
        signalled.release();
    }

    /** @return the lowest id that was signalled since the last call; {@link #NONE} where none was for that long */
    long await(Duration atMost) throws InterruptedException {
        if (signalled.tryAcquire(atMost.toMillis(), TimeUnit.MILLISECONDS)) {
            signalled.drainPermits();
        }
        return lowest.getAndSet(NONE);
    }
}

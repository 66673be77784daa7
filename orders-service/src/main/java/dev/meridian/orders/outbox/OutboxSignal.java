package dev.meridian.orders.outbox;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.springframework.stereotype.Component;

/** Tells the polling relay of this process which rows were committed. Many signals before it wakes are one. */
@Component
class OutboxSignal {

    /** Larger than any row's id. */
    static final long NONE = Long.MAX_VALUE;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition signalled = lock.newCondition();
    private long lowest = NONE;

    void signal(long id) {
        lock.lock();
        try {
            lowest = Math.min(lowest, id);
            signalled.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** @return the lowest id that was signalled since the last call; {@link #NONE} where none was for that long */
    long await(Duration atMost) throws InterruptedException {
        long left = atMost.toNanos();
        lock.lock();
        try {
            while (lowest == NONE && left > 0) {
                left = signalled.awaitNanos(left);
            }
            long found = lowest;
            lowest = NONE;
            return found;
        } finally {
            lock.unlock();
        }
    }
}

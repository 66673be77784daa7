package dev.meridian.orders.live;

import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What one watcher of an order has not taken yet: the newest version and no other. Whoever takes slowly, or not at
 * all, misses versions in between and holds up nobody.
 */
public final class Watch implements AutoCloseable {

    /** What {@link #next} came back with. */
    public sealed interface Next {
        record Changed(OrderVersion version) implements Next {}

        record Nothing() implements Next {}

        /** Nothing will come any more; the watcher should go. */
        record Ended() implements Next {}
    }

    private static final Next NOTHING = new Next.Nothing();
    private static final Next ENDED = new Next.Ended();

    private final UUID orderId;
    private final Watchers watchers;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();
    private @Nullable OrderVersion waiting;
    private long newest;
    private boolean settled;
    private boolean ended;

    Watch(UUID orderId, Watchers watchers) {
        this.orderId = orderId;
        this.watchers = watchers;
    }

    UUID orderId() {
        return orderId;
    }

    /**
     * The newest version that has come since the last call.
     *
     * @param atMost how long to wait for one
     */
    public Next next(Duration atMost) throws InterruptedException {
        long left = atMost.toNanos();
        lock.lock();
        try {
            while (waiting == null && !ended && left > 0) {
                left = news.awaitNanos(left);
            }
            if (ended) {
                return ENDED;
            }
            if (waiting == null) {
                return NOTHING;
            }
            var taken = waiting;
            waiting = null;
            return new Next.Changed(taken);
        } finally {
            lock.unlock();
        }
    }

    /** Tells of a version. One that is no newer than another it was told of before changes nothing. */
    public void tell(OrderVersion version) {
        lock.lock();
        try {
            if (version.number() > newest) {
                newest = version.number();
                settled = version.settled();
                waiting = version;
                news.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #tell}, for a version that the watcher has already: only a newer one is given out. */
    public void knows(OrderVersion version) {
        lock.lock();
        try {
            if (version.number() >= newest) {
                newest = version.number();
                settled = version.settled();
                waiting = null;
            }
        } finally {
            lock.unlock();
        }
    }

    boolean settled() {
        lock.lock();
        try {
            return settled;
        } finally {
            lock.unlock();
        }
    }

    /** Wakes the watcher for the last time. */
    public void end() {
        lock.lock();
        try {
            ended = true;
            news.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Gives its place to another; may be called more than once. */
    @Override
    public void close() {
        end();
        watchers.leave(this);
    }
}

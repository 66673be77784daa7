package dev.meridian.orders.order;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.TransientDataAccessResourceException;

/**
 * Lets items that arrive while a group is being written share the next write and its commit. It has no thread of its
 * own: one of the threads that wait takes the lead, writes what has gathered, and hands the lead on. An item that
 * arrives when nothing is being written is written at once.
 *
 * <p>The lead is a lease. A leader that hangs, or that dies without handing over, loses it after that time; two leaders
 * at once are harmless, since each takes its own items from the queue.
 *
 * @param <T> what is written
 * @param <R> what comes of it
 */
final class GroupCommit<T, R> {

    /** Writes to the database. */
    interface Writer<T, R> {

        /**
         * Writes all of them in one transaction, or none.
         *
         * @return the results, in the order of the items
         */
        List<R> write(List<T> items);

        /** Whether the items of a group of that size, whose write failed so, may succeed each by itself. */
        boolean mayPassAlone(RuntimeException failure, int size);
    }

    /**
     * @param group at most so many items are written together
     * @param queue at most so many items wait
     * @param lease how long a leader may take before another one writes beside it
     * @param timeout how long an item waits for its result
     */
    record Limits(int group, int queue, Duration lease, Duration timeout) {}

    private record Lease(long end) {}

    private sealed interface Outcome<R> {

        record Written<R>(R result) implements Outcome<R> {}

        record Failed<R>(RuntimeException failure, boolean mayPassAlone) implements Outcome<R> {}
    }

    private static final class Waiting<T, R> {

        private final T item;
        private final Thread thread = Thread.currentThread();
        private volatile @Nullable Outcome<R> outcome;

        private Waiting(T item) {
            this.item = item;
        }
    }

    /** A thread that waits looks this often whether the lead is free; it is woken earlier than that. */
    private static final long CHECK_NANOS = Duration.ofMillis(100).toNanos();

    private final Writer<T, R> writer;
    private final Limits limits;
    private final BlockingQueue<Waiting<T, R>> queue;
    private final AtomicReference<@Nullable Lease> lead = new AtomicReference<>();

    GroupCommit(Writer<T, R> writer, Limits limits) {
        this.writer = writer;
        this.limits = limits;
        this.queue = new ArrayBlockingQueue<>(limits.queue);
    }

    /**
     * Writes the item, with others or alone. Where its group fails, the item is written once more by itself, unless that
     * is pointless or its time is over; so an item that cannot be written does not fail its neighbours.
     *
     * @throws TransientDataAccessResourceException where too many wait, or its time is over, or the thread was
     *     interrupted: the item may have been written all the same
     * @throws DataAccessException as the writer threw it
     */
    R write(T item) {
        long end = System.nanoTime() + limits.timeout.toNanos();
        Waiting<T, R> mine = new Waiting<>(item);
        if (!queue.offer(mine)) {
            throw new TransientDataAccessResourceException(limits.queue + " items wait to be written already");
        }
        return switch (await(mine, end)) {
            case Outcome.Written<R>(R result) -> result;
            case Outcome.Failed<R>(RuntimeException failure, boolean mayPassAlone) -> {
                if (!mayPassAlone || System.nanoTime() - end >= 0) {
                    throw failure;
                }
                yield writer.write(List.of(item)).getFirst();
            }
        };
    }

    private Outcome<R> await(Waiting<T, R> mine, long end) {
        Outcome<R> outcome = mine.outcome;
        while (outcome == null) {
            long rest = end - System.nanoTime();
            Lease lease = rest <= 0 || queue.isEmpty() ? null : takeLead();
            if (lease != null) {
                writeNext(lease);
            } else if (rest <= 0 || mine.thread.isInterrupted()) {
                queue.remove(mine);
                outcome = mine.outcome;
                return outcome != null ? outcome : new Outcome.Failed<>(gaveUp(), false);
            } else {
                LockSupport.parkNanos(this, Math.min(rest, CHECK_NANOS));
            }
            outcome = mine.outcome;
        }
        return outcome;
    }

    private static RuntimeException gaveUp() {
        return new TransientDataAccessResourceException("The item was not written in time, as far as is known");
    }

    private @Nullable Lease takeLead() {
        Lease current = lead.get();
        long now = System.nanoTime();
        if (current != null && now - current.end < 0) {
            return null;
        }
        Lease mine = new Lease(now + limits.lease.toNanos());
        return lead.compareAndSet(current, mine) ? mine : null;
    }

    private void writeNext(Lease lease) {
        List<Waiting<T, R>> group = new ArrayList<>(limits.group);
        try {
            queue.drainTo(group, limits.group);
            if (!group.isEmpty()) {
                write(group);
            }
        } finally {
            lead.compareAndSet(lease, null);
            Waiting<T, R> next = queue.peek();
            if (next != null) {
                LockSupport.unpark(next.thread);
            }
            group.forEach(waiting -> LockSupport.unpark(waiting.thread));
        }
    }

    private void write(List<Waiting<T, R>> group) {
        try {
            List<R> results =
                    writer.write(group.stream().map(waiting -> waiting.item).toList());
            for (int i = 0; i < results.size(); i++) {
                group.get(i).outcome = new Outcome.Written<>(results.get(i));
            }
        } catch (RuntimeException e) {
            boolean mayPassAlone = writer.mayPassAlone(e, group.size());
            group.forEach(waiting -> waiting.outcome = new Outcome.Failed<>(e, mayPassAlone));
        } catch (Error e) {
            var failure = new TransientDataAccessResourceException("The thread that wrote the group died", e);
            group.forEach(waiting -> waiting.outcome = new Outcome.Failed<>(failure, true));
            throw e;
        }
    }
}

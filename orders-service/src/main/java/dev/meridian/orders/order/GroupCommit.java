package dev.meridian.orders.order;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.TransientDataAccessResourceException;

/**
 * Lets items that arrive together share a write and its commit. A few writers work at most, each in a virtual thread that
 * starts for an item and ends when none waits. Two groups begin at least a pause apart, so an item that comes alone is
 * written at once, and groups grow with the load. A write that hangs holds up its own group alone.
 *
 * @param <T> what is written
 * @param <R> what comes of it
 */
final class GroupCommit<T, R> {

    private static final Logger log = LoggerFactory.getLogger(GroupCommit.class);

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
     * @param writers at most so many groups are written at the same time
     * @param pause two groups begin at least so far apart
     * @param timeout how long an item waits for its result
     */
    record Limits(int group, int queue, int writers, Duration pause, Duration timeout) {}

    /** An item, and what its thread is to do once its group was written. */
    private record Waiting<T, R>(T item, long end, CompletableFuture<Supplier<R>> then) {}

    private final Writer<T, R> writer;
    private final Limits limits;
    private final BlockingQueue<Waiting<T, R>> queue;
    private final Semaphore writers;
    private final Lock turn = new ReentrantLock();
    private long lastBegin;

    GroupCommit(Writer<T, R> writer, Limits limits) {
        this.writer = writer;
        this.limits = limits;
        this.queue = new ArrayBlockingQueue<>(limits.queue);
        this.writers = new Semaphore(limits.writers);
        this.lastBegin = System.nanoTime() - limits.pause.toNanos();
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
        long timeout = limits.timeout.toNanos();
        Waiting<T, R> mine = new Waiting<>(item, System.nanoTime() + timeout, new CompletableFuture<>());
        if (!queue.offer(mine)) {
            throw new TransientDataAccessResourceException(limits.queue + " items wait to be written already");
        }
        startWriter();
        try {
            return mine.then.get(timeout, TimeUnit.NANOSECONDS).get();
        } catch (TimeoutException | ExecutionException | InterruptedException e) {
            queue.remove(mine);
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            throw new TransientDataAccessResourceException("The item was not written in time, as far as is known", e);
        }
    }

    private void startWriter() {
        if (!queue.isEmpty() && writers.tryAcquire()) {
            Thread.startVirtualThread(this::writeAll);
        }
    }

    private void writeAll() {
        try {
            for (var group = nextGroup(); !group.isEmpty(); group = nextGroup()) {
                write(group);
            }
        } finally {
            writers.release();
            startWriter(); // for an item that came after the last look and found no writer free
        }
    }

    private List<Waiting<T, R>> nextGroup() {
        List<Waiting<T, R>> group = new ArrayList<>();
        turn.lock();
        try {
            if (!queue.isEmpty()) {
                LockSupport.parkNanos(lastBegin + limits.pause.toNanos() - System.nanoTime());
                lastBegin = System.nanoTime();
                queue.drainTo(group, limits.group);
            }
        } finally {
            turn.unlock();
        }
        return group;
    }

    private void write(List<Waiting<T, R>> group) {
        try {
            List<R> results = writer.write(group.stream().map(Waiting::item).toList());
            for (int i = 0; i < results.size(); i++) {
                R result = results.get(i);
                group.get(i).then.complete(() -> result);
            }
        } catch (RuntimeException e) {
            failed(group, e);
        } catch (Error e) {
            log.error("Writing a group of {} failed", group.size(), e);
            failed(group, new TransientDataAccessResourceException("The group was not written", e));
        }
    }

    private void failed(List<Waiting<T, R>> group, RuntimeException failure) {
        boolean mayPassAlone = writer.mayPassAlone(failure, group.size());
        group.forEach(waiting -> waiting.then.complete(() -> {
            if (!mayPassAlone || System.nanoTime() - waiting.end >= 0) {
                throw failure;
            }
            return writer.write(List.of(waiting.item)).getFirst();
        }));
    }
}

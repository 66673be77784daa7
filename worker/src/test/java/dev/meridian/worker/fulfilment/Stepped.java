package dev.meridian.worker.fulfilment;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Work on threads of its own that does one thing to the outside world at a time, when it is told to. All that gives
 * access to the outside world calls {@link #pause} before.
 */
final class Stepped {

    // The threads that the work starts take its steps.
    private static final ThreadLocal<@Nullable Stepped> CURRENT = new InheritableThreadLocal<>();
    private static final Duration BOUND = Duration.ofSeconds(60);

    private final Runnable work;
    private final Semaphore go = new Semaphore(0);
    private final Semaphore paused = new Semaphore(0);
    private boolean started;
    private volatile boolean killed;
    private volatile boolean over;
    private volatile @Nullable Throwable failure;

    Stepped(Runnable work) {
        this.work = work;
    }

    /** Waits for its turn; work that is not stepped goes on. */
    static void pause() {
        Stepped current = CURRENT.get();
        if (current != null) {
            current.paused.release();
            acquire(current.go);
            if (current.killed) {
                throw new Killed();
            }
        }
    }

    /** Does the next thing, and returns when it wants to do another or is over. */
    void step() {
        if (!started) {
            started = true;
            Thread.ofVirtual().start(this::run);
            acquire(paused);
        }
        go.release();
        acquire(paused);
    }

    /** As a process ends: between two things, and nothing of it happens any more. */
    void kill() {
        if (started && !over) {
            killed = true;
            go.release();
            acquire(paused);
        }
    }

    boolean isOver() {
        return over;
    }

    /** What it ended with, if not well. */
    @Nullable
    Throwable failure() {
        return failure;
    }

    private void run() {
        CURRENT.set(this);
        try {
            work.run();
        } catch (Throwable e) {
            failure = e;
        } finally {
            over = true;
            paused.release();
        }
    }

    private static void acquire(Semaphore semaphore) {
        try {
            if (!semaphore.tryAcquire(BOUND.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("no step for " + BOUND);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    // An error: nothing that handles exceptions survives the end of its process.
    private static final class Killed extends Error {}
}

package dev.meridian.local.process;

import dev.meridian.local.StackException;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** A bound on waiting for a condition, which is looked at less and less often, since looking costs something too. */
public final class Deadline {

    private static final long LONGEST_PAUSE_MILLIS = 250;

    private final long end;
    private long pauseMillis = 20;

    private Deadline(long end) {
        this.end = end;
    }

    public static Deadline in(Duration limit) {
        return new Deadline(System.nanoTime() + limit.toNanos());
    }

    public boolean passed() {
        return System.nanoTime() - end >= 0;
    }

    /** Waits for the condition; false when the time was up first. */
    public boolean await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            if (!pause()) {
                return false;
            }
        }
        return true;
    }

    /** Waits until the next look; false, and at once, when the time is up. */
    public boolean pause() {
        if (passed()) {
            return false;
        }
        try {
            Thread.sleep(pauseMillis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted.", e);
        }
        pauseMillis = Math.min(pauseMillis * 5 / 4, LONGEST_PAUSE_MILLIS);
        return true;
    }
}

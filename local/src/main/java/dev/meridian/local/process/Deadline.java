package dev.meridian.local.process;

import dev.meridian.local.StackException;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** A bound on waiting. */
public record Deadline(long nanoTime) {

    /** Between two looks at a condition: less and less often, since looking costs something too. */
    private static final long SHORTEST_MILLIS = 20;

    private static final long LONGEST_MILLIS = 250;

    public static Deadline in(Duration limit) {
        return new Deadline(System.nanoTime() + limit.toNanos());
    }

    public boolean passed() {
        return System.nanoTime() - nanoTime >= 0;
    }

    /** Waits for the condition; false when the time was up first. */
    public boolean await(BooleanSupplier condition) {
        long pause = SHORTEST_MILLIS;
        while (!condition.getAsBoolean()) {
            if (passed()) {
                return false;
            }
            sleep(pause);
            pause = Math.min(pause * 5 / 4, LONGEST_MILLIS);
        }
        return true;
    }

    /** Between two looks of a caller that needs them at short distances. */
    public static void pause() {
        sleep(SHORTEST_MILLIS);
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted.", e);
        }
    }
}

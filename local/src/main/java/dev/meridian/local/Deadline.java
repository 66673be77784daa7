package dev.meridian.local;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** A bound on waiting. */
record Deadline(long nanoTime) {

    /** Between two looks at a condition: less and less often, since looking costs something too. */
    private static final Duration SHORTEST = Duration.ofMillis(20);

    private static final Duration LONGEST = Duration.ofMillis(250);

    static Deadline in(Duration limit) {
        return new Deadline(System.nanoTime() + limit.toNanos());
    }

    boolean passed() {
        return System.nanoTime() - nanoTime >= 0;
    }

    /** Waits for the condition; false when the time was up first. */
    boolean await(BooleanSupplier condition) {
        long pause = SHORTEST.toMillis();
        while (!condition.getAsBoolean()) {
            if (passed()) {
                return false;
            }
            sleep(pause);
            pause = Math.min(pause * 5 / 4, LONGEST.toMillis());
        }
        return true;
    }

    static void pause() {
        sleep(SHORTEST.toMillis());
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

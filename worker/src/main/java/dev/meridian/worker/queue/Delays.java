package dev.meridian.worker.queue;

import java.time.Duration;

/**
 * Delays that grow.
 *
 * @param first after the first failure; doubles with each failure
 * @param longest where the doubling ends
 */
record Delays(Duration first, Duration longest) {

    Delays {
        if (!first.isPositive() || longest.compareTo(first) < 0) {
            throw new IllegalArgumentException("a delay of " + first + " does not grow to " + longest);
        }
    }

    Duration after(int failures) {
        long factor = 1L << Math.clamp(failures - 1L, 0, 30);
        Duration delay = first.multipliedBy(factor);
        return delay.compareTo(longest) < 0 ? delay : longest;
    }
}

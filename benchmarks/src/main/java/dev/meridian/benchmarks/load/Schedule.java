package dev.meridian.benchmarks.load;

import java.time.Duration;

/**
 * When the calls of an open loop are due, in {@link System#nanoTime} terms: evenly, and independent of how long any
 * of them takes.
 *
 * @param start when the first is due
 * @param perSecond how many are due in each second
 * @param calls how many there are
 */
public record Schedule(long start, double perSecond, long calls) {

    public Schedule {
        if (!(perSecond > 0) || calls < 1) {
            throw new IllegalArgumentException("Nothing to do: " + calls + " calls, " + perSecond + " per second");
        }
    }

    public static Schedule of(long start, double perSecond, Duration length) {
        return new Schedule(start, perSecond, Math.round(perSecond * length.toNanos() / 1e9));
    }

    /** When call {@code n}, from 0, is due. Computed from the start, so that no rounding adds up. */
    public long due(long n) {
        return start + Math.round(n * 1e9 / perSecond);
    }
}

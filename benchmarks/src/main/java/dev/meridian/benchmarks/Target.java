package dev.meridian.benchmarks;

import java.util.Locale;

/**
 * What a figure should be.
 *
 * @param limit in the figure's unit
 */
public record Target(Direction direction, double limit) {

    /** Which side of the limit is good. */
    public enum Direction {
        AT_LEAST,
        BELOW
    }

    public Target {
        if (!(limit > 0)) {
            throw new IllegalArgumentException("Not a limit: " + limit);
        }
    }

    public static Target atLeast(double limit) {
        return new Target(Direction.AT_LEAST, limit);
    }

    public static Target below(double limit) {
        return new Target(Direction.BELOW, limit);
    }

    public boolean reachedBy(double measured) {
        return switch (direction) {
            case AT_LEAST -> measured >= limit;
            case BELOW -> measured < limit;
        };
    }

    /** Whether it is reached, and else by how much of the limit it is missed. */
    public String verdict(double measured) {
        return reachedBy(measured)
                ? "reached"
                : String.format(Locale.ROOT, "missed by %.0f %%", Math.abs(measured - limit) / limit * 100);
    }

    @Override
    public String toString() {
        var sign =
                switch (direction) {
                    case AT_LEAST -> ">= ";
                    case BELOW -> "< ";
                };
        return sign + Figure.number(limit);
    }
}

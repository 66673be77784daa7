package dev.meridian.benchmarks;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One row of the result.
 *
 * @param target null where the figure only explains another one
 * @param against what its ratio to the same figure of another version should be; null where that does not matter
 */
public record Figure(
        String what,
        String unit,
        @Nullable Target target,
        @Nullable Target against,
        double measured) {

    public static Figure of(String what, String unit, Target target, double measured) {
        return new Figure(what, unit, target, null, measured);
    }

    public static Figure of(String what, String unit, double measured) {
        return new Figure(what, unit, null, null, measured);
    }

    /** How much of the reference is reached. */
    public static Figure ratio(String what, double measured, double reference) {
        if (!(reference > 0)) {
            throw new IllegalArgumentException("Nothing to compare with: " + reference);
        }
        return of(what, "ratio", measured / reference);
    }

    /** The same with a target. */
    public Figure to(Target target) {
        return new Figure(what, unit, target, against, measured);
    }

    /** The same with a target for its ratio to the same figure of another version. */
    public Figure against(Target ratio) {
        return new Figure(what, unit, target, ratio, measured);
    }

    static String text(@Nullable Target target) {
        return target == null ? "" : target.toString();
    }

    static String verdict(@Nullable Target target, double measured) {
        return target == null ? "" : target.verdict(measured);
    }

    /** Three digits that mean something. */
    public static String number(double value) {
        double size = Math.abs(value);
        var format = size >= 100 || value == Math.rint(value) ? "%.0f" : size >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, format, value);
    }
}

package dev.meridian.benchmarks;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One row of the result.
 *
 * @param target null where the figure only explains another one
 */
public record Figure(String what, String unit, @Nullable Target target, double measured) {

    public static Figure of(String what, String unit, Target target, double measured) {
        return new Figure(what, unit, target, measured);
    }

    public static Figure of(String what, String unit, double measured) {
        return new Figure(what, unit, null, measured);
    }

    /** How much of the reference is reached. */
    public static Figure ratio(String what, double measured, double reference) {
        if (!(reference > 0)) {
            throw new IllegalArgumentException("Nothing to compare with: " + reference);
        }
        return of(what, "ratio", measured / reference);
    }

    public static Table table(Collection<Figure> figures) {
        var table = new Table("figure", "unit", "target", "measured", "verdict");
        for (var figure : figures) {
            var target = figure.target();
            table.row(
                    figure.what(),
                    figure.unit(),
                    target == null ? "" : target.toString(),
                    number(figure.measured()),
                    target == null ? "" : target.verdict(figure.measured()));
        }
        return table;
    }

    /** Three digits that mean something. */
    static String number(double value) {
        double size = Math.abs(value);
        var format = size >= 100 || value == Math.rint(value) ? "%.0f" : size >= 10 ? "%.1f" : "%.2f";
        return String.format(Locale.ROOT, format, value);
    }
}

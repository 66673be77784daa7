package dev.meridian.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The figures of one version of the system, or of two that were measured in turns. Each is the mean of its turns. */
public final class Comparison {

    private record Row(String what, String unit) {}

    private final List<String> versions;
    private final Map<Row, Map<String, List<Figure>>> rows = new LinkedHashMap<>();

    /** @param versions the one that matters, and where there is one the version that it is compared with */
    public Comparison(List<String> versions) {
        if (versions.isEmpty() || versions.size() > 2) {
            throw new IllegalArgumentException("Not one version or two: " + versions);
        }
        this.versions = List.copyOf(versions);
    }

    /** Adds what one turn measured. */
    public void add(String version, List<Figure> turn) {
        if (!versions.contains(version)) {
            throw new IllegalArgumentException("Not one of " + versions + ": " + version);
        }
        for (var figure : turn) {
            rows.computeIfAbsent(new Row(figure.what(), figure.unit()), row -> new LinkedHashMap<>())
                    .computeIfAbsent(version, first -> new ArrayList<>())
                    .add(figure);
        }
    }

    public boolean isEmpty() {
        return rows.isEmpty();
    }

    public Table table() {
        var first = versions.getFirst();
        var second = versions.getLast();
        var head = new ArrayList<>(List.of("figure", "unit", "target", first, "verdict"));
        boolean compared = versions.size() == 2;
        if (compared) {
            head.addAll(List.of(second, first + " to " + second, "target", "verdict"));
        }
        var table = new Table(head.toArray(String[]::new));
        rows.forEach((row, turns) -> {
            var mine = turns.getOrDefault(first, List.of());
            var others = turns.getOrDefault(second, List.of());
            var cells = new ArrayList<>(List.of(row.what(), row.unit()));
            cells.addAll(mine.isEmpty() ? List.of("", "", "") : measured(mean(mine)));
            if (compared) {
                cells.add(others.isEmpty() ? "" : Figure.number(mean(others).measured()));
            }
            if (compared && !mine.isEmpty() && !others.isEmpty() && mean(others).measured() > 0) {
                double ratio = mean(mine).measured() / mean(others).measured();
                var target = mean(mine).against();
                cells.addAll(List.of(Figure.number(ratio), Figure.text(target), Figure.verdict(target, ratio)));
            }
            table.row(cells.toArray(String[]::new));
        });
        return table;
    }

    private static List<String> measured(Figure figure) {
        return List.of(
                Figure.text(figure.target()),
                Figure.number(figure.measured()),
                Figure.verdict(figure.target(), figure.measured()));
    }

    private static Figure mean(List<Figure> turns) {
        var last = turns.getLast();
        return new Figure(
                last.what(),
                last.unit(),
                last.target(),
                last.against(),
                turns.stream().mapToDouble(Figure::measured).average().orElseThrow());
    }
}

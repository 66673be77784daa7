package dev.meridian.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Text in columns, as wide as needed; columns of numbers stand at the right. */
public final class Table {
    private final List<List<String>> rows = new ArrayList<>();

    public Table(String... head) {
        rows.add(List.of(head));
    }

    /** Missing cells at the end are empty. */
    public Table row(String... cells) {
        if (cells.length > rows.getFirst().size()) {
            throw new IllegalArgumentException("More cells than columns: " + List.of(cells));
        }
        var row = new ArrayList<>(List.of(cells));
        while (row.size() < rows.getFirst().size()) {
            row.add("");
        }
        rows.add(row);
        return this;
    }

    /** As a Markdown table, which reads as well on a terminal. */
    @Override
    public String toString() {
        var columns = rows.getFirst().size();
        var widths = IntStream.range(0, columns)
                .map(c ->
                        rows.stream().mapToInt(row -> row.get(c).length()).max().orElse(0))
                .toArray();
        var right = IntStream.range(0, columns)
                .mapToObj(c -> rows.stream().skip(1).map(row -> row.get(c)).anyMatch(Table::isNumber)
                        && rows.stream()
                                .skip(1)
                                .map(row -> row.get(c))
                                .allMatch(cell -> cell.isEmpty() || isNumber(cell)))
                .toList();
        var lines = new ArrayList<String>();
        for (var row : rows) {
            lines.add(IntStream.range(0, columns)
                    .mapToObj(c -> right.get(c)
                            ? " ".repeat(widths[c] - row.get(c).length()) + row.get(c)
                            : row.get(c) + " ".repeat(widths[c] - row.get(c).length()))
                    .collect(Collectors.joining(" | ", "| ", " |")));
        }
        lines.add(
                1,
                IntStream.range(0, columns)
                        .mapToObj(c -> right.get(c) ? "-".repeat(widths[c] + 1) + ":" : "-".repeat(widths[c] + 2))
                        .collect(Collectors.joining("|", "|", "|")));
        return String.join(System.lineSeparator(), lines);
    }

    private static boolean isNumber(String cell) {
        return cell.matches("[0-9][0-9.,() ]*");
    }
}

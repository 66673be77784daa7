package dev.meridian.manifests;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/** What is wrong, a line for each: the object, the field, and what is the matter with it. */
final class Findings {

    private final List<String> lines = new ArrayList<>();

    void add(Object where, String field, String problem) {
        String line = where + (field.isEmpty() ? "" : " " + field) + ": " + problem;
        if (!lines.contains(line)) {
            lines.add(line);
        }
    }

    void unless(boolean fine, Object where, String field, String problem) {
        if (!fine) {
            add(where, field, problem);
        }
    }

    /** A finding for each of the values that is not fine. */
    <T> void each(Iterable<T> values, Predicate<T> fine, Object where, String field, Function<T, String> problem) {
        values.forEach(value -> unless(fine.test(value), where, field, problem.apply(value)));
    }

    List<String> lines() {
        return List.copyOf(lines);
    }
}

package dev.meridian.manifests;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What is wrong, a line for each: the place, and what is the matter with it. */
final class Findings {

    private final Set<String> lines = new LinkedHashSet<>();

    void add(Object place, String problem) {
        lines.add(place + ": " + problem);
    }

    void unless(boolean fine, Object place, String problem) {
        if (!fine) {
            add(place, problem);
        }
    }

    List<String> lines() {
        return List.copyOf(lines);
    }
}

package dev.meridian.manifests;

import java.util.Set;

/** What is wrong, a line for each: the place, and what is the matter with it. */
record Findings(Set<String> lines) {

    void add(Object place, String problem) {
        lines.add(place + ": " + problem);
    }

    void unless(boolean fine, Object place, String problem) {
        if (!fine) {
            add(place, problem);
        }
    }
}

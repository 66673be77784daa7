package dev.meridian.system.faults;

import java.util.List;

/**
 * What the checker found about one promise.
 *
 * @param count how often it was broken
 * @param examples some of the violations, at most {@link #EXAMPLES}
 */
record Verdict(String promise, long count, List<String> examples) {

    static final int EXAMPLES = 10;

    static Verdict of(String promise, List<String> violations) {
        return new Verdict(
                promise, violations.size(), violations.stream().limit(EXAMPLES).toList());
    }

    boolean holds() {
        return count == 0;
    }
}

package dev.meridian.system.faults;

import dev.meridian.system.faults.Fault.Kind;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/** An endless row of faults that follows from its seed. Every component has its turn before any has its next one. */
final class Schedule {

    private static final int SHORTEST_PAUSE = 2_000;
    private static final int LONGEST_PAUSE = 8_000;
    private static final int LONGEST_DEATH = 4_000;
    private static final int SHORTEST_BREATHER = 1_500;
    private static final int LONGEST_BREATHER = 3_000;

    private final Random random; // its sequence is specified, which is what makes a seed worth telling
    private final List<String> components;
    private final Deque<String> turns = new ArrayDeque<>();

    Schedule(long seed, List<String> components) {
        this.random = new Random(seed);
        this.components = List.copyOf(components);
    }

    Fault next() {
        if (turns.isEmpty()) {
            List<String> round = new ArrayList<>(components);
            Collections.shuffle(round, random);
            turns.addAll(round);
        }
        String component = turns.removeFirst();
        Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
        return new Fault(
                kind,
                component,
                switch (kind) {
                    case KILL -> Duration.ofMillis(random.nextInt(LONGEST_DEATH));
                    case PAUSE -> Duration.ofMillis(random.nextInt(SHORTEST_PAUSE, LONGEST_PAUSE));
                    case RESTART -> Duration.ZERO;
                });
    }

    /** How long the system is left alone before the next fault. */
    Duration breather() {
        return Duration.ofMillis(random.nextInt(SHORTEST_BREATHER, LONGEST_BREATHER));
    }
}

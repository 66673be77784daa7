package dev.meridian.system.faults;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * What can be chosen about a run.
 *
 * @param seed the schedule of faults, and what each client wants, follow from it
 * @param time how long faults are injected; what was begun is brought to its end after that
 */
public record FaultSettings(long seed, Duration time) {

    private static final String SEED = "meridian.faults.seed";
    private static final String MINUTES = "meridian.faults.minutes";

    public FaultSettings {
        if (!time.isPositive()) {
            throw new IllegalArgumentException("The time for faults must be positive");
        }
    }

    /** From {@code meridian.faults.seed}, a random one by default, and {@code meridian.faults.minutes}, 3 by default. */
    public static FaultSettings fromSystemProperties() {
        String seed = System.getProperty(SEED);
        double minutes = Double.parseDouble(System.getProperty(MINUTES, "3"));
        return new FaultSettings(
                seed == null ? RandomGenerator.getDefault().nextLong(1_000_000_000) : Long.parseLong(seed),
                Duration.ofMillis((long) (minutes * 60_000)));
    }

    /** How the same faults are had again. */
    String toRepeat() {
        return "-D" + SEED + "=" + seed + " -D" + MINUTES + "=" + time.toMillis() / 60_000.0;
    }
}

package dev.meridian.benchmarks.system;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;

/** What is measured, and for how long. */
final class Settings {

    /** The parts of a turn, in their order. */
    enum Part {
        COLD,
        ORDERS,
        SETTLING,
        READS,
        SNAPSHOT,
        STREAMS,
        POISON
    }

    @Option(
            names = "--only",
            split = ",",
            description = "Which parts: ${COMPLETION-CANDIDATES} (default: the first four).")
    List<Part> parts = List.of(Part.COLD, Part.ORDERS, Part.SETTLING, Part.READS);

    @Option(names = "--connections", description = "Clients at the same time (default: ${DEFAULT-VALUE}).")
    int connections = 32;

    @Option(
            names = "--warm-up",
            defaultValue = "7m",
            description = "How long load runs at most before anything counts; it ends when the rate no longer grows"
                    + " (default: ${DEFAULT-VALUE}).")
    Duration warmUp = Duration.ZERO;

    @Option(
            names = "--length",
            defaultValue = "20s",
            description = "Length of a measurement; orders at a fixed rate take three times that"
                    + " (default: ${DEFAULT-VALUE}).")
    Duration length = Duration.ZERO;

    @Option(names = "--rate", description = "Orders per second while they settle (default: ${DEFAULT-VALUE}).")
    int rate = 200;

    @Option(
            names = "--phase",
            defaultValue = "5m",
            description = "How long each half of snapshot and poison takes (default: ${DEFAULT-VALUE}).")
    Duration phase = Duration.ZERO;

    @Option(names = "--streams", description = "Open streams of order events (default: ${DEFAULT-VALUE}).")
    int streams = 2_000;

    @Option(names = "--profile", description = "Show the hot methods of our services, which costs some of the figures.")
    boolean profile;

    /** Reads {@code 90} and {@code 90s} as seconds, and {@code 5m} and {@code 1m30s}. */
    static Duration duration(String text) {
        var units = text.matches("\\d+") ? text + "s" : text;
        return Duration.parse("PT" + units.toUpperCase(Locale.ROOT));
    }
}

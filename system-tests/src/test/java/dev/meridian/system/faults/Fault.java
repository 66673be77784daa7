package dev.meridian.system.faults;

import java.time.Duration;
import java.util.Locale;

/**
 * @param component the name of the process
 * @param length how long it stays so, before it is started or resumed
 */
record Fault(Kind kind, String component, Duration length) {

    enum Kind {
        /** kill -9. */
        KILL,
        /** SIGSTOP: silent, its connections open. */
        PAUSE,
        /** Ended in order, and started at once. */
        RESTART;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Override
    public String toString() {
        return kind + " " + component + (length.isZero() ? "" : " for %.1f s".formatted(length.toMillis() / 1e3));
    }

    /**
     * A fault as it was.
     *
     * @param begin since the beginning of the run
     * @param end when the process served again, and the front door led in
     * @param trouble why it did not come back; empty where it did
     */
    record Injected(Fault fault, Duration begin, Duration end, String trouble) {

        @Override
        public String toString() {
            return "%7.1f s  %-46s %s"
                    .formatted(
                            begin.toMillis() / 1e3,
                            fault,
                            trouble.isEmpty()
                                    ? "served again after %.1f s"
                                            .formatted(end.minus(begin).toMillis() / 1e3)
                                    : "DID NOT COME BACK: " + trouble);
        }
    }
}

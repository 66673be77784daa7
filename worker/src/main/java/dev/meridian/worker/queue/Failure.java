package dev.meridian.worker.queue;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An attempt that failed.
 *
 * @param record what was tried
 * @param orderId of its event; none where the record is not readable as one, which no further attempt changes
 * @param reason one line of at most 1,000 characters
 */
record Failure(QueuedRecord record, @Nullable UUID orderId, String reason) {

    private static final int LONGEST_REASON = 1_000;

    Failure {
        reason = oneLine(reason);
    }

    int count() {
        return record.failures() + 1;
    }

    /** Text of unknown origin as it can be logged, stored and published. */
    static String oneLine(@Nullable String text) {
        String known = text == null ? "" : text;
        return known.substring(0, Math.min(known.length(), LONGEST_REASON)).replaceAll("\\p{Cntrl}", " ");
    }
}

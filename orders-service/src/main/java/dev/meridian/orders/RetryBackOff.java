package dev.meridian.orders;

import java.time.Duration;
import org.slf4j.Logger;

/**
 * The pauses of a loop that goes on after a failure, and its log: one line when failures begin and one when they are
 * over, however many there were in between.
 */
public final class RetryBackOff {

    private static final Duration FIRST = Duration.ofMillis(200);

    /** No pause is longer. */
    public static final Duration LONGEST = Duration.ofSeconds(5);

    private final Logger log;
    private final String work;
    private int failures;

    /** @param work what the loop does, as the subject of a sentence in the log */
    public RetryBackOff(Logger log, String work) {
        this.log = log;
        this.work = work;
    }

    public synchronized void succeeded() {
        if (failures > 0) {
            log.info("{} works again after {} failures", work, failures);
        }
        failures = 0;
    }

    /** @return how long to wait before the next attempt: twice as long after each failure */
    public synchronized Duration failed(Throwable failure) {
        if (failures == 0) {
            log.warn("{} fails, and is tried again: {}", work, failure.toString());
        }
        Duration pause = FIRST.multipliedBy(1L << Math.min(failures++, 10));
        return pause.compareTo(LONGEST) < 0 ? pause : LONGEST;
    }
}

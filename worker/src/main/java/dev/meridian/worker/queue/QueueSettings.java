package dev.meridian.worker.queue;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * How this worker takes from the queue.
 *
 * @param group the share group
 * @param gatherFor the pause after a poll that brought less than a batch, so that the next one brings more
 * @param batchSize at most so many records are handled together
 * @param handlingTimeout how long the records of one poll, or one batch of retries, may be handled; well below the
 *     group's record lock. What is left then goes back to the queue.
 * @param failures after so many of them an event is a dead letter
 * @param firstDelay how long an event that failed waits for its next attempt, and a loop whose database or broker is
 *     away; doubles with each failure
 * @param longestDelay where the doubling ends
 * @param retryInterval how often the retry table is asked for due events
 * @param stopTimeout how long to finish what is in hand at stop; the rest is released
 */
@ConfigurationProperties("meridian.queue")
record QueueSettings(
        String group,
        Duration gatherFor,
        int batchSize,
        Duration handlingTimeout,
        int failures,
        Duration firstDelay,
        Duration longestDelay,
        Duration retryInterval,
        Duration stopTimeout) {

    QueueSettings {
        if (batchSize < 1 || failures < 1) {
            throw new IllegalArgumentException("meridian.queue: batch-size and failures are at least 1");
        }
        if (!firstDelay.isPositive() || longestDelay.compareTo(firstDelay) < 0) {
            throw new IllegalArgumentException(
                    "meridian.queue: first-delay is positive, and longest-delay no shorter than it");
        }
    }

    Duration delayAfter(int failures) {
        Duration delay = firstDelay.multipliedBy(1L << Math.clamp(failures - 1L, 0, 30));
        return delay.compareTo(longestDelay) < 0 ? delay : longestDelay;
    }
}

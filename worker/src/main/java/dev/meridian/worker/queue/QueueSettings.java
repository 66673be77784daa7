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
 * @param retryDelay how long a failed event waits
 * @param retryInterval how often the retry table is asked for due events
 * @param requeueAtDelivery a record at this delivery is sent to the end of the queue instead; below the group's
 *     delivery limit
 * @param outageDelay how long to wait while the database or the broker is away
 * @param startTimeout how long to wait for the broker at start
 * @param stopTimeout how long to finish what is in hand at stop; the rest is released
 */
@ConfigurationProperties("meridian.queue")
record QueueSettings(
        String group,
        Duration gatherFor,
        int batchSize,
        Duration handlingTimeout,
        int failures,
        Delays retryDelay,
        Duration retryInterval,
        int requeueAtDelivery,
        Delays outageDelay,
        Duration startTimeout,
        Duration stopTimeout) {

    QueueSettings {
        if (batchSize < 1 || failures < 1 || requeueAtDelivery < 2) {
            throw new IllegalArgumentException(
                    "meridian.queue: batch-size and failures are at least 1, requeue-at-delivery at least 2");
        }
    }
}

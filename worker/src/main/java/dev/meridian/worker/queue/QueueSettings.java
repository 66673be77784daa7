package dev.meridian.worker.queue;

import java.time.Duration;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * How this worker takes from the queue.
 *
 * @param group the share group
 * @param consumers how many consumers take from each topic side by side
 * @param standIns how many more for each topic may come while failed events rest, each of which keeps a consumer from taking more
 * @param recordsPerPoll how many records one consumer takes at a time; it takes more only when all are done
 * @param failures after so many of them here an event is a dead letter; the broker's own limit of deliveries is higher,
 *     since it also counts those that a worker did not live to work on
 * @param firstDelay how long a failed event rests after its first failure; doubles with each failure
 * @param longestDelay where the doubling ends
 * @param outageDelay how long to wait between two attempts while the database or the broker is away
 * @param startTimeout how long to wait for the broker at start
 * @param stopTimeout how long to finish what is in hand at stop; the rest is released
 */
@ConfigurationProperties("meridian.queue")
record QueueSettings(
        String group,
        Map<String, Integer> consumers,
        int standIns,
        int recordsPerPoll,
        int failures,
        Duration firstDelay,
        Duration longestDelay,
        Duration outageDelay,
        Duration startTimeout,
        Duration stopTimeout) {

    QueueSettings {
        consumers = Map.copyOf(consumers);
        if (consumers.values().stream().anyMatch(count -> count < 1)
                || standIns < 0
                || recordsPerPoll < 1
                || failures < 1) {
            throw new IllegalArgumentException(
                    "meridian.queue: consumers, records-per-poll and failures are at least 1, stand-ins not negative");
        }
        if (longestDelay.compareTo(firstDelay) < 0) {
            throw new IllegalArgumentException("meridian.queue: longest-delay is below first-delay");
        }
    }

    /** @throws IllegalArgumentException when nothing is set for the topic */
    int consumers(String topic) {
        Integer count = consumers.get(topic);
        if (count == null) {
            throw new IllegalArgumentException("meridian.queue.consumers says nothing about topic " + topic);
        }
        return count;
    }

    /** The rest before the next delivery, after the given number of failures. */
    Duration delayAfter(int failures) {
        long factor = 1L << Math.clamp(failures - 1L, 0, 30);
        Duration delay = firstDelay.multipliedBy(factor);
        return delay.compareTo(longestDelay) < 0 ? delay : longestDelay;
    }
}

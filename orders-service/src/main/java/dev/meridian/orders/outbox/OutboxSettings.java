package dev.meridian.orders.outbox;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * @param batch at most so many events are sent together
 * @param gather two batches from memory begin at least so far apart, so that they are larger under load
 * @param capacity at most so many events wait in memory; further ones wait in the table alone
 * @param poll how often the table is looked at for events that were left there
 */
@ConfigurationProperties("meridian.outbox")
record OutboxSettings(int batch, Duration gather, int capacity, Duration poll) {

    OutboxSettings {
        if (batch < 1 || capacity < 1) {
            throw new IllegalArgumentException("meridian.outbox.batch and .capacity must be at least 1");
        }
        if (gather.isNegative() || !poll.isPositive()) {
            throw new IllegalArgumentException("meridian.outbox.poll must be positive, .gather not negative");
        }
    }
}

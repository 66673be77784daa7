package dev.meridian.orders.outbox;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * @param batch at most so many events are claimed at once
 * @param poll how long an event may wait that no commit of this instance announced
 * @param backoff the pause after a failure, so that a broker which is down is not hammered
 */
@ConfigurationProperties("meridian.outbox")
record OutboxSettings(int batch, Duration poll, Duration backoff) {

    OutboxSettings {
        if (batch < 1) {
            throw new IllegalArgumentException("meridian.outbox.batch must be at least 1");
        }
        if (!poll.isPositive() || !backoff.isPositive()) {
            throw new IllegalArgumentException("meridian.outbox.poll and .backoff must be positive");
        }
    }
}

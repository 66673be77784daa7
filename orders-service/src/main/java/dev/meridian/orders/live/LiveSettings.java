package dev.meridian.orders.live;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * @param heartbeat after so much silence a stream gets a comment line, so that no proxy on the way takes it for dead
 * @param lifetime a stream ends after this time at the latest, so that its client shows its token again
 * @param retry how long a client is told to wait before it comes back, at least; up to twice as long, by chance
 * @param maximum how many streams may be open in this instance
 * @param maximumPerSubject how many of them one subject may have
 * @param lookup how often open orders that are watched are looked up at the primary
 */
@ConfigurationProperties("meridian.live")
public record LiveSettings(
        Duration heartbeat, Duration lifetime, Duration retry, int maximum, int maximumPerSubject, Duration lookup) {

    public LiveSettings {
        if (!heartbeat.isPositive() || !lifetime.isPositive() || !retry.isPositive() || !lookup.isPositive()) {
            throw new IllegalArgumentException(
                    "meridian.live.heartbeat, .lifetime, .retry and .lookup must be positive");
        }
        if (maximum < 1 || maximumPerSubject < 1) {
            throw new IllegalArgumentException("meridian.live.maximum and .maximum-per-subject must be at least 1");
        }
    }
}

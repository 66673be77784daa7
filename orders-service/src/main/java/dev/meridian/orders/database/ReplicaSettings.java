package dev.meridian.orders.database;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * @param url where the replica is, and never the primary
 * @param checkInterval how often the replica is asked how far it is behind
 * @param maxLag a replica that is further behind is read only while the primary is away
 */
@ConfigurationProperties("meridian.replica")
record ReplicaSettings(String url, Duration checkInterval, Duration maxLag) {

    ReplicaSettings {
        if (!checkInterval.isPositive() || !maxLag.isPositive()) {
            throw new IllegalArgumentException("meridian.replica.check-interval and .max-lag must be positive");
        }
    }
}

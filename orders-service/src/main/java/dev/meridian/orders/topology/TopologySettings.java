package dev.meridian.orders.topology;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * @param timeout how long each part of the picture may take; what is not there by then is unknown
 * @param cacheTtl how old a picture may be that is shown, so that many operators cost what one does
 * @param queue the share group whose backlog is shown
 */
@ConfigurationProperties("meridian.topology")
record TopologySettings(Duration timeout, Duration cacheTtl, String queue) {

    TopologySettings {
        if (!timeout.isPositive() || !cacheTtl.isPositive()) {
            throw new IllegalArgumentException("meridian.topology.timeout and .cache-ttl must be positive");
        }
    }
}

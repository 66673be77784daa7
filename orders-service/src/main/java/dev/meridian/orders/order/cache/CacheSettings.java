package dev.meridian.orders.order.cache;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * @param timeToLive how long an order that nobody changes stays in the cache
 * @param lease how long a reader that found nothing may take to load the order and store it
 * @param probe the pause between two attempts to reach a Redis that failed
 */
@ConfigurationProperties("meridian.cache")
record CacheSettings(Duration timeToLive, Duration lease, Duration probe) {

    CacheSettings {
        if (!timeToLive.isPositive() || !lease.isPositive() || !probe.isPositive()) {
            throw new IllegalArgumentException(
                    "meridian.cache.time-to-live, .lease and .probe must be positive durations");
        }
    }
}

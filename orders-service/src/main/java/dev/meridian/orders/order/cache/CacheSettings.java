package dev.meridian.orders.order.cache;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * @param timeToLive how long a final order stays in the cache
 * @param pause how long Redis is not asked after it failed
 */
@ConfigurationProperties("meridian.cache")
record CacheSettings(Duration timeToLive, Duration pause) {

    CacheSettings {
        if (!timeToLive.isPositive() || !pause.isPositive()) {
            throw new IllegalArgumentException("meridian.cache.time-to-live and .pause must be positive");
        }
    }
}

package dev.meridian.orders.order.cache;

import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/**
 * @param timeToLive how long a final order stays in the cache
 * @param pause how long Redis is not asked after it failed
 */
@Validated
@ConfigurationProperties("meridian.cache")
record CacheSettings(
        @DurationMin(nanos = 1) Duration timeToLive,
        @DurationMin(nanos = 1) Duration pause) {}

package dev.meridian.orders.order.cache;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/** @param timeToLive how long an order that nobody changes stays in the cache */
@ConfigurationProperties("meridian.cache")
record CacheSettings(Duration timeToLive) {}

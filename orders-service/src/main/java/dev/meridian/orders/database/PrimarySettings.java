package dev.meridian.orders.database;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * How orders are read from the primary. Other statements have the time-outs of the driver's URL.
 *
 * @param queryTimeout how long one statement may take
 * @param pause how long no order is read there after the primary failed
 */
@ConfigurationProperties("meridian.primary")
record PrimarySettings(Duration queryTimeout, Duration pause) {

    PrimarySettings {
        if (!queryTimeout.isPositive() || !pause.isPositive()) {
            throw new IllegalArgumentException("meridian.primary.query-timeout and .pause must be positive");
        }
    }
}

package dev.meridian.orders.database;

import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/**
 * How orders are read from the primary. Other statements have the time-outs of the driver's URL.
 *
 * @param queryTimeout how long one statement may take
 * @param pause how long no order is read there after the primary failed
 */
@Validated
@ConfigurationProperties("meridian.primary")
record PrimarySettings(
        @DurationMin(nanos = 1) Duration queryTimeout,
        @DurationMin(nanos = 1) Duration pause) {}

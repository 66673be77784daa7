package dev.meridian.orders.order;

import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/**
 * @param after how long an order waits to be settled before it is emitted again, and then again
 * @param check the pause between two looks for such orders, and between two measurements of the one that waits longest
 * @param batch at most so many orders are emitted again at one look
 */
@Validated
@ConfigurationProperties("meridian.reemission")
record ReemissionSettings(
        @DurationMin(nanos = 1) Duration after,
        @DurationMin(nanos = 1) Duration check,
        @Min(1) int batch) {}

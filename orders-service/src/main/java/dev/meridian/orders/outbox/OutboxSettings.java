package dev.meridian.orders.outbox;

import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/**
 * @param batch at most so many events are sent together
 * @param gather two batches from memory begin at least so far apart, so that they are larger under load
 * @param capacity at most so many events wait in memory; further ones wait in the table alone
 * @param poll how often the table is looked at for events that were left there
 */
@Validated
@ConfigurationProperties("meridian.outbox")
record OutboxSettings(
        @Min(1) int batch,
        @DurationMin Duration gather,
        @Min(1) int capacity,
        @DurationMin(nanos = 1) Duration poll) {}

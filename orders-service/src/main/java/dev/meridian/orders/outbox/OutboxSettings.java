package dev.meridian.orders.outbox;

import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/**
 * @param batch about so many events are sent together at most
 * @param capacity at most so many transactions' events wait in memory; further ones wait in the table alone
 * @param poll how often the table is looked at for events that were left there
 */
@Validated
@ConfigurationProperties("meridian.outbox")
record OutboxSettings(
        @Min(1) int batch,
        @Min(1) int capacity,
        @DurationMin(nanos = 1) Duration poll) {}

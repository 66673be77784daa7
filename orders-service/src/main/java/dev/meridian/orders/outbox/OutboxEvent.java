package dev.meridian.orders.outbox;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A row of the outbox, as it was committed.
 *
 * @param id makes the event's id
 * @param orderId the record's key
 * @param type the CloudEvents type
 * @param payload JSON
 * @param traceparent the W3C trace context that caused it; null where there is none
 */
public record OutboxEvent(
        long id,
        UUID orderId,
        String topic,
        String type,
        String payload,
        @Nullable String traceparent,
        Instant createdAt) {}

package dev.meridian.orders.outbox;

import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A row of the outbox.
 *
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
        Instant createdAt) {

    /** The one topic whose events may leave from memory. */
    static final String PLACEMENTS = "orders.placed";

    /** For so long after its creation a placement belongs to the instance that wrote it. */
    static final Duration YOUNG = Duration.ofSeconds(5);

    boolean isPlacement() {
        return topic.equals(PLACEMENTS);
    }

    ProducerRecord<String, String> message() {
        return CloudEvents.message("orders-" + id, orderId, topic, type, payload, traceparent, createdAt);
    }
}

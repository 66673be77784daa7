package dev.meridian.orders.outbox;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
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

    /** For {@link #read}. */
    public static final String COLUMNS = "id, order_id, topic, type, payload, traceparent, created_at";

    public static OutboxEvent read(ResultSet row, int number) throws SQLException {
        return new OutboxEvent(
                row.getLong("id"),
                row.getObject("order_id", UUID.class),
                row.getString("topic"),
                row.getString("type"),
                row.getString("payload"),
                row.getString("traceparent"),
                row.getObject("created_at", OffsetDateTime.class).toInstant());
    }

    ProducerRecord<String, String> message() {
        return CloudEvents.message("orders-" + id, orderId, topic, type, payload, traceparent, createdAt);
    }
}

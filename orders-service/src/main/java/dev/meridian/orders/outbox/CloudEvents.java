package dev.meridian.orders.outbox;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.UUID;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** Events as CloudEvents 1.0 binds them to Kafka in binary mode: attributes in headers, JSON as value. */
public final class CloudEvents {

    /** https://www.w3.org/TR/trace-context/#traceparent-header */
    private static final Pattern TRACEPARENT =
            Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

    private CloudEvents() {}

    /**
     * @param id unique among the events of this service
     * @param orderId the record's key
     * @param payload JSON
     * @param traceparent W3C Trace Context; null where there is none
     */
    public static ProducerRecord<String, String> message(
            String id,
            UUID orderId,
            String topic,
            String type,
            String payload,
            @Nullable String traceparent,
            Instant time) {
        var message = new ProducerRecord<>(topic, orderId.toString(), payload);
        add(message, "ce_specversion", "1.0");
        add(message, "ce_id", id);
        add(message, "ce_source", "/orders-service");
        add(message, "ce_type", type);
        add(message, "ce_time", time.toString());
        add(message, "content-type", "application/json");
        if (traceparent != null) {
            add(message, "traceparent", traceparent);
        }
        return message;
    }

    private static void add(ProducerRecord<?, ?> message, String name, String value) {
        message.headers().add(name, value.getBytes(StandardCharsets.UTF_8));
    }

    /** The type of the event that a record carries; null where it names none. */
    public static @Nullable String type(ConsumerRecord<?, ?> record) {
        return header(record, "ce_type");
    }

    /** The trace that a record belongs to; null where it names none, or something that is no trace. */
    public static @Nullable String traceparent(ConsumerRecord<?, ?> record) {
        String value = header(record, "traceparent");
        return value != null && TRACEPARENT.matcher(value).matches() ? value : null;
    }

    private static @Nullable String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }
}

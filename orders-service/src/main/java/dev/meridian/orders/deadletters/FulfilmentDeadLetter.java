package dev.meridian.orders.deadletters;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.meridian.orders.outbox.CloudEvents;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** The event of {@code docs/events/dead-letter.schema.json}, with no more content than is kept. */
@JsonIgnoreProperties(ignoreUnknown = true)
record FulfilmentDeadLetter(
        @Nullable UUID orderId,
        String topic,
        int partition,
        long offset,
        @Nullable String type,
        int failures,
        String reason,
        OffsetDateTime failedAt,
        byte @Nullable [] content) {

    static final String TYPE = "dev.meridian.fulfilment.dead-letter";

    private static final int LONGEST_TEXT = 1_000;

    FulfilmentDeadLetter {
        if (topic == null || reason == null || failedAt == null) {
            throw new IllegalArgumentException("A dead letter names its topic, its reason and its time");
        }
        topic = text(topic);
        type = type == null ? null : text(type);
        reason = text(reason);
        content = content == null || content.length <= DeadLetters.SHOWN
                ? content
                : Arrays.copyOf(content, DeadLetters.SHOWN);
    }

    /** The same of a record that this service sets aside itself. */
    static FulfilmentDeadLetter of(ConsumerRecord<String, byte[]> record, String reason) {
        return new FulfilmentDeadLetter(
                orderId(record.key()),
                record.topic(),
                record.partition(),
                record.offset(),
                CloudEvents.type(record),
                0,
                reason,
                Instant.ofEpochMilli(Math.max(0, record.timestamp())).atOffset(ZoneOffset.UTC),
                record.value());
    }

    private static @Nullable UUID orderId(@Nullable String key) {
        try {
            // UUID takes shorter forms too, which are none of ours.
            return key != null && key.length() == 36 ? UUID.fromString(key) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** PostgreSQL has no text with a NUL. */
    private static String text(String value) {
        String whole = value.replace('\0', '\uFFFD');
        return whole.length() <= LONGEST_TEXT ? whole : whole.substring(0, LONGEST_TEXT);
    }
}

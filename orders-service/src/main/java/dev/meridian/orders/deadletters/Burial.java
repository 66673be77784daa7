package dev.meridian.orders.deadletters;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;

/**
 * Copies the dead letter topic into the database, whatever its records hold. Nothing here can fail for what a record
 * is: a letter that could not be stored would keep all later ones from being.
 */
@Component
class Burial {

    private static final String ABOUT = "__dlq.errors.";
    private static final int LONGEST_TEXT = 1_000;
    private static final int MOST_HEADERS = 50;

    private final DeadLetters letters;
    private final Originals originals;

    Burial(DeadLetters letters, Originals originals) {
        this.letters = letters;
        this.originals = originals;
    }

    /** The offsets are committed after the rows: what comes again is stored already. */
    @KafkaListener(
            id = "dead-letters",
            groupId = "orders-service.dead-letters",
            topics = "dlq.fulfilment",
            batch = "true")
    void copy(List<ConsumerRecord<String, byte[]>> records) {
        Set<DeadLetter.Origin> origins = new LinkedHashSet<>();
        for (ConsumerRecord<String, byte[]> record : records) {
            DeadLetter.Origin origin = origin(record);
            if (origin != null && DeadLetters.TYPES.containsKey(origin.topic())) {
                origins.add(origin);
            }
        }
        var found = originals.find(origins);
        letters.add(records.stream()
                .map(record -> {
                    DeadLetter.Origin origin = origin(record);
                    return buried(record, origin, origin == null ? null : found.get(origin));
                })
                .toList());
    }

    static DeadLetters.Buried buried(
            ConsumerRecord<String, byte[]> record,
            DeadLetter.@Nullable Origin origin,
            @Nullable ConsumerRecord<String, byte[]> original) {
        return new DeadLetters.Buried(
                new DeadLetter.Origin(record.topic(), record.partition(), record.offset()),
                origin,
                orderId(record.key()),
                record.value(),
                original == null ? Map.of() : headers(original),
                number(about(record, "delivery.count"), Integer.MAX_VALUE) instanceof Long count
                        ? count.intValue()
                        : null,
                about(record, "message"),
                record.timestamp() < 0 ? Instant.EPOCH : Instant.ofEpochMilli(record.timestamp()));
    }

    private static DeadLetter.@Nullable Origin origin(ConsumerRecord<String, byte[]> record) {
        String topic = about(record, "topic");
        Long partition = number(about(record, "partition"), Integer.MAX_VALUE);
        Long offset = number(about(record, "offset"), Long.MAX_VALUE);
        return topic == null || topic.isEmpty() || partition == null || offset == null
                ? null
                : new DeadLetter.Origin(topic, partition.intValue(), offset);
    }

    private static @Nullable UUID orderId(@Nullable String key) {
        try {
            // UUID takes shorter forms too, which are none of ours.
            return key != null && key.length() == 36 ? UUID.fromString(key) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static Map<String, String> headers(ConsumerRecord<?, ?> record) {
        Map<String, String> headers = new HashMap<>();
        for (Header header : record.headers()) {
            if (headers.size() < MOST_HEADERS) {
                headers.put(text(header.key()), text(header.value()));
            }
        }
        return headers;
    }

    private static @Nullable String about(ConsumerRecord<?, ?> record, String what) {
        Header header = record.headers().lastHeader(ABOUT + what);
        return header == null || header.value() == null ? null : text(header.value());
    }

    private static String text(byte @Nullable [] value) {
        return value == null ? "" : text(new String(value, StandardCharsets.UTF_8));
    }

    /** As PostgreSQL takes it, which has no text with a NUL. */
    private static String text(String value) {
        String whole = value.replace('\0', '\uFFFD');
        return whole.length() <= LONGEST_TEXT ? whole : whole.substring(0, LONGEST_TEXT);
    }

    private static @Nullable Long number(@Nullable String digits, long most) {
        if (digits == null || !digits.matches("[0-9]{1,18}")) {
            return null;
        }
        long number = Long.parseLong(digits);
        return number <= most ? number : null;
    }
}

package dev.meridian.orders.deadletters;

import dev.meridian.orders.outbox.CloudEvents;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A dead letter that is not stored yet, in a form that the database takes.
 *
 * @param place where it was read, by which one that is read twice is known
 * @param origin the record that could not be handled
 */
record DeadLetterRecord(
        DeadLetter.Origin place,
        DeadLetter.Origin origin,
        @Nullable UUID orderId,
        @Nullable String type,
        byte @Nullable [] content,
        int failures,
        String reason,
        OffsetDateTime diedAt) {

    private static final int LONGEST_TEXT = 1_000;

    DeadLetterRecord {
        origin = new DeadLetter.Origin(text(origin.topic()), origin.partition(), origin.offset());
        type = type == null ? null : text(type);
        content = content == null || content.length <= DeadLetters.SHOWN
                ? content
                : Arrays.copyOf(content, DeadLetters.SHOWN);
        reason = text(reason);
    }

    /** What the worker tells of a record that it gave up. */
    static DeadLetterRecord of(ConsumerRecord<String, byte[]> record, FulfilmentDeadLetter letter) {
        return new DeadLetterRecord(
                place(record),
                new DeadLetter.Origin(letter.topic(), letter.partition(), letter.offset()),
                letter.orderId() == null ? orderId(record.key()) : letter.orderId(),
                letter.type(),
                letter.content(),
                letter.failures(),
                letter.reason(),
                letter.failedAt());
    }

    /** A record that this service itself sets aside. */
    static DeadLetterRecord of(UnreadableRecord unreadable) {
        ConsumerRecord<String, byte[]> record = unreadable.record();
        return new DeadLetterRecord(
                place(record),
                place(record),
                orderId(record.key()),
                CloudEvents.type(record),
                record.value(),
                0,
                unreadable.reason(),
                Instant.ofEpochMilli(Math.max(0, record.timestamp())).atOffset(ZoneOffset.UTC));
    }

    private static DeadLetter.Origin place(ConsumerRecord<?, ?> record) {
        return new DeadLetter.Origin(record.topic(), record.partition(), record.offset());
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

package dev.meridian.worker.queue;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.meridian.worker.queue.EventPublisher.OutgoingEvent;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The event of a record that the worker gives up, as it is written: {@code docs/events/dead-letter.schema.json}. */
@JsonInclude(JsonInclude.Include.NON_NULL)
record DeadLetter(
        @Nullable UUID orderId,
        String topic,
        int partition,
        long offset,
        @Nullable String type,
        int failures,
        String reason,
        Instant failedAt,
        byte @Nullable [] content) {

    static final String TOPIC = "fulfilment.dead-letters";

    private static final int LARGEST_CONTENT = 16 * 1024;
    private static final int LONGEST_KEY = 200;
    private static final Pattern ORDER_ID = Pattern.compile("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");

    static OutgoingEvent of(Failure failure, Instant failedAt) {
        QueuedRecord record = failure.record();
        // A key can be as large as a record; with the content it would be more than the broker takes.
        String key = record.key() == null || record.key().length() > LONGEST_KEY ? null : record.key();
        byte[] value = record.value();
        var letter = new DeadLetter(
                // The key of every event is its order's id.
                key != null && ORDER_ID.matcher(key).matches() ? UUID.fromString(key) : null,
                record.topic(),
                record.partition(),
                record.offset(),
                record.type(),
                failure.count(),
                failure.reason(),
                failedAt,
                value == null ? null : Arrays.copyOf(value, Math.min(value.length, LARGEST_CONTENT)));
        return new OutgoingEvent(TOPIC, key, "dev.meridian.fulfilment.dead-letter", letter, record.traceparent());
    }
}

package dev.meridian.worker.queue;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * A record that was taken from the queue, now or before its first failure.
 *
 * @param type the CloudEvents type, if it has one
 * @param traceparent of the trace that it belongs to; never one that is not well-formed
 * @param failures how often it has failed so far
 */
record QueuedRecord(
        String topic,
        int partition,
        long offset,
        @Nullable String key,
        @Nullable String type,
        byte @Nullable [] value,
        @Nullable String traceparent,
        int failures) {

    // W3C Trace Context, version 00 and later ones as far as they look alike.
    private static final Pattern TRACEPARENT =
            Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

    static QueuedRecord of(ConsumerRecord<String, byte[]> record) {
        String trace = header(record, "traceparent");
        return new QueuedRecord(
                record.topic(),
                record.partition(),
                record.offset(),
                record.key(),
                header(record, "ce_type"),
                record.value(),
                trace != null && TRACEPARENT.matcher(trace).matches() ? trace : null,
                0);
    }

    private static @Nullable String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        String value =
                header == null || header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
        return value.isBlank() ? null : value;
    }

    /** Where it lies, for the log. */
    String position() {
        return topic + "-" + partition + "@" + offset;
    }
}

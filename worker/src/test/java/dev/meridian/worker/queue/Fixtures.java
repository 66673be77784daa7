package dev.meridian.worker.queue;

import dev.meridian.worker.queue.EventBatchHandler.OrderEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/** Events of a made-up type, records that carry them, and a handler that does what a test says. */
final class Fixtures {

    static final String TYPE = "told";
    static final long LATER = System.nanoTime() + Duration.ofHours(1).toNanos();

    private Fixtures() {}

    record Told(UUID orderId, String text) implements OrderEvent {}

    /** Keeps what it was given. */
    static final class Handler implements EventBatchHandler<Told> {

        final List<List<Received<Told>>> batches = new CopyOnWriteArrayList<>();
        volatile Function<List<Told>, Map<UUID, String>> work = _ -> Map.of();

        @Override
        public Source<Told> source() {
            return new Source<>("topic", TYPE, Told.class);
        }

        @Override
        public Map<UUID, String> handle(List<Received<Told>> batch) {
            batches.add(batch);
            return work.apply(batch.stream().map(Received::event).toList());
        }

        /** Each time that an event was in a batch. */
        List<String> texts() {
            return batches.stream()
                    .flatMap(List::stream)
                    .map(received -> received.event().text())
                    .toList();
        }
    }

    static QueueSettings settings() {
        return settings(Duration.ofMillis(20), Duration.ofMillis(1), Duration.ofMillis(200));
    }

    static QueueSettings settings(Duration gatherFor, Duration firstDelay, Duration longestDelay) {
        return new QueueSettings(
                "group",
                gatherFor,
                10,
                Duration.ofSeconds(5),
                4,
                firstDelay,
                longestDelay,
                Duration.ofMillis(10),
                Duration.ofSeconds(1));
    }

    static byte[] json(UUID orderId, String text) {
        return "{\"orderId\":\"%s\",\"text\":\"%s\"}".formatted(orderId, text).getBytes(StandardCharsets.UTF_8);
    }

    static QueuedRecord queued(UUID orderId, String text) {
        return new QueuedRecord("topic", 0, 17, orderId.toString(), TYPE, json(orderId, text), null, 0);
    }

    static ConsumerRecord<String, byte[]> record(
            @Nullable String key, byte @Nullable [] value, Map<String, byte[]> headers, int deliveries) {
        var all = new RecordHeaders();
        headers.forEach(all::add);
        return new ConsumerRecord<>(
                "topic",
                0,
                17,
                0,
                TimestampType.CREATE_TIME,
                0,
                0,
                key,
                value,
                all,
                Optional.empty(),
                Optional.of((short) deliveries));
    }

    static ConsumerRecord<String, byte[]> record(UUID orderId, String text, int deliveries) {
        return record(
                orderId.toString(),
                json(orderId, text),
                Map.of("ce_type", TYPE.getBytes(StandardCharsets.UTF_8)),
                deliveries);
    }
}

package dev.meridian.worker.queue;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Publishes events as CloudEvents in Kafka's binary mode, many at a time. */
@Component
public class EventPublisher {

    // Above the producer's delivery.timeout.ms, so that the producer's own verdict comes first.
    private static final Duration BOUND = Duration.ofSeconds(6);

    private final KafkaTemplate<String, byte[]> kafka;
    private final JsonMapper json;
    private final Clock clock;

    EventPublisher(KafkaTemplate<String, byte[]> kafka, JsonMapper json, Clock clock) {
        this.kafka = kafka;
        this.json = json;
        this.clock = clock;
    }

    /**
     * An event to publish.
     *
     * @param key the order's id, where it is known
     * @param type the CloudEvents type
     * @param value is written as JSON
     */
    public record OutgoingEvent(
            String topic,
            @Nullable String key,
            String type,
            Object value,
            @Nullable String traceparent) {}

    /**
     * Returns when all replicas that are in sync have the events.
     *
     * @throws DependencyUnavailable when that is not certain within the bounded time; they may arrive all the same
     */
    public void publish(List<OutgoingEvent> events) {
        send(events.stream().map(this::record).toList());
    }

    /** As {@link #publish}, for records that are complete. */
    void send(List<ProducerRecord<String, byte[]>> records) {
        try {
            // The first that cannot be sent at all throws, so that no other blocks for as long as it did.
            CompletableFuture<?>[] sends = records.stream().map(kafka::send).toArray(CompletableFuture<?>[]::new);
            CompletableFuture.allOf(sends).get(BOUND.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException | KafkaException | org.springframework.kafka.KafkaException e) {
            throw new DependencyUnavailable("the broker does not take events", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DependencyUnavailable("interrupted while publishing", e);
        }
    }

    private ProducerRecord<String, byte[]> record(OutgoingEvent event) {
        var record =
                new ProducerRecord<String, byte[]>(event.topic(), event.key(), json.writeValueAsBytes(event.value()));
        header(record, "ce_specversion", "1.0");
        header(record, "ce_id", UUID.randomUUID().toString());
        header(record, "ce_source", "/worker");
        header(record, "ce_type", event.type());
        header(record, "ce_time", clock.instant().toString());
        header(record, "content-type", "application/json");
        if (event.traceparent() != null) {
            header(record, "traceparent", event.traceparent());
        }
        return record;
    }

    private static void header(ProducerRecord<?, ?> record, String name, String value) {
        record.headers().add(name, value.getBytes(StandardCharsets.UTF_8));
    }
}

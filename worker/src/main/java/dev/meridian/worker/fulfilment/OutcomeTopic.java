package dev.meridian.worker.fulfilment;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Decided;
import dev.meridian.worker.fulfilment.Fulfilment.Reason;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.queue.Outage;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Publishes decisions as CloudEvents in Kafka's binary mode, keyed by order. */
@Component
class OutcomeTopic implements Outcomes {

    static final String TOPIC = "fulfilment.outcomes";

    // Above the producer's delivery.timeout.ms: the producer gives its own verdict first.
    private static final Duration BOUND = Duration.ofSeconds(15);

    private final KafkaTemplate<String, byte[]> kafka;
    private final JsonMapper json;
    private final Clock clock;

    OutcomeTopic(KafkaTemplate<String, byte[]> kafka, JsonMapper json, Clock clock) {
        this.kafka = kafka;
        this.json = json;
        this.clock = clock;
    }

    @Override
    public void publish(Decided decision) {
        try {
            kafka.send(record(decision)).get(BOUND.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException | KafkaException | org.springframework.kafka.KafkaException e) {
            throw new Outage("the outcome of order " + decision.orderId() + " could not be published", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Outage("interrupted while publishing the outcome of order " + decision.orderId(), e);
        }
    }

    private ProducerRecord<String, byte[]> record(Decided decision) {
        var record = new ProducerRecord<>(
                TOPIC, decision.orderId().toString(), json.writeValueAsBytes(FulfilmentDecided.of(decision)));
        header(record, "ce_specversion", "1.0");
        header(record, "ce_id", UUID.randomUUID().toString());
        header(record, "ce_source", "/worker");
        header(record, "ce_type", FulfilmentDecided.TYPE);
        header(record, "ce_time", clock.instant().toString());
        header(record, "content-type", "application/json");
        return record;
    }

    private static void header(ProducerRecord<String, byte[]> record, String name, String value) {
        record.headers().add(name, value.getBytes(StandardCharsets.UTF_8));
    }

    /** The event as it is written: {@code docs/events/fulfilment-decided.schema.json}. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record FulfilmentDecided(
            UUID orderId, String outcome, @Nullable Reason reason, Instant decidedAt) {

        static final String TYPE = "dev.meridian.fulfilment.decided";

        static FulfilmentDecided of(Decided decision) {
            return switch (decision) {
                case Confirmed(UUID orderId, Instant at) -> new FulfilmentDecided(orderId, "CONFIRMED", null, at);
                case Rejected(UUID orderId, Reason why, Instant at) ->
                    new FulfilmentDecided(orderId, "REJECTED", why, at);
            };
        }
    }
}

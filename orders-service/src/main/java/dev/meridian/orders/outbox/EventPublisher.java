package dev.meridian.orders.outbox;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.support.ProducerListener;
import org.springframework.stereotype.Component;

/** Sends events to Kafka, many together, and waits for the broker's acknowledgements. */
@Component
public class EventPublisher {

    private final KafkaTemplate<String, String> kafka;

    public EventPublisher(KafkaTemplate<String, String> kafka) {
        this.kafka = kafka;
        // The callers log failures themselves, once; Spring's listener would log every record with its payload.
        kafka.setProducerListener(new ProducerListener<>() {});
    }

    /**
     * @param acknowledged the events that all replicas in sync have
     * @param failure why others are missing; null where none is
     */
    public record Published<E>(
            List<E> acknowledged, @Nullable Throwable failure) {

        /** @throws EventNotPublished where an event is missing */
        public void orThrow() {
            if (failure != null) {
                throw new EventNotPublished(failure);
            }
        }
    }

    /** The broker did not acknowledge an event, which may be there nevertheless. */
    public static final class EventNotPublished extends RuntimeException {
        EventNotPublished(Throwable cause) {
            super(cause);
        }
    }

    /**
     * Takes as long as the producer may block (max.block.ms) and then deliver (delivery.timeout.ms), at most.
     *
     * @param message what is sent for an event
     */
    public <E> Published<E> publish(List<E> events, Function<E, ProducerRecord<String, String>> message) {
        List<CompletableFuture<E>> sends = new ArrayList<>(events.size());
        Throwable failure = null;
        for (E event : events) {
            try {
                sends.add(kafka.send(message.apply(event)).thenApply(sent -> event));
            } catch (RuntimeException e) {
                failure = e;
                if (e.getCause() instanceof TimeoutException) {
                    break; // the producer waited in vain: it would wait as long for each of the others
                }
            }
        }
        List<E> acknowledged = new ArrayList<>(events.size());
        for (CompletableFuture<E> send : sends) {
            try {
                acknowledged.add(send.join());
            } catch (CompletionException e) {
                failure = e.getCause();
            }
        }
        return new Published<>(acknowledged, failure);
    }
}

package dev.meridian.worker.queue;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.meridian.worker.queue.EventPublisher.OutgoingEvent;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Publishes the records that the worker gives up. */
@Component
class DeadLetters {

    static final String TOPIC = "fulfilment.dead-letters";

    private static final Logger log = LoggerFactory.getLogger(DeadLetters.class);

    private static final String TYPE = "dev.meridian.fulfilment.dead-letter";
    private static final int LARGEST_CONTENT = 16 * 1024;
    private static final int LONGEST_KEY = 200;
    private static final Pattern ORDER_ID = Pattern.compile("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");

    private final EventPublisher publisher;
    private final Clock clock;

    DeadLetters(EventPublisher publisher, Clock clock) {
        this.publisher = publisher;
        this.clock = clock;
    }

    /**
     * Returns when the dead letters are stored where operators find them.
     *
     * @throws DependencyUnavailable when that is not certain
     */
    void publish(List<Failure> givenUp) {
        publisher.publish(givenUp.stream().map(this::event).toList());
        givenUp.forEach(failure -> log.error(
                "Gave up {} after {} failures: {}", failure.record().position(), failure.count(), failure.reason()));
    }

    private OutgoingEvent event(Failure failure) {
        QueuedRecord record = failure.record();
        String key = record.key() == null ? "" : record.key();
        // The key of every event is its order's id.
        UUID orderId = failure.orderId() != null
                ? failure.orderId()
                : ORDER_ID.matcher(key).matches() ? UUID.fromString(key) : null;
        byte[] value = record.value();
        var letter = new DeadLetter(
                orderId,
                record.topic(),
                record.partition(),
                record.offset(),
                record.type(),
                failure.count(),
                failure.reason(),
                clock.instant(),
                value == null ? null : Arrays.copyOf(value, Math.min(value.length, LARGEST_CONTENT)));
        // A key can be as large as a record; with the content it would be more than the broker takes.
        String itsKey = orderId != null ? orderId.toString() : key.length() <= LONGEST_KEY ? record.key() : null;
        return new OutgoingEvent(TOPIC, itsKey, TYPE, letter, record.traceparent());
    }

    /** The event as it is written: {@code docs/events/dead-letter.schema.json}. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record DeadLetter(
            @Nullable UUID orderId,
            String topic,
            int partition,
            long offset,
            @Nullable String type,
            int failures,
            String reason,
            Instant failedAt,
            byte @Nullable [] content) {}
}

package dev.meridian.orders.outbox;

import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Events that were committed together with what they tell, on their way to Kafka. */
@Repository
public class Outbox {

    private final JdbcClient jdbc;
    private final Clock clock;
    private final TraceContext trace;
    private final Doorbell doorbell;

    Outbox(JdbcClient jdbc, Clock clock, TraceContext trace, Doorbell doorbell) {
        this.jdbc = jdbc;
        this.clock = clock;
        this.trace = trace;
        this.doorbell = doorbell;
    }

    /**
     * @param orderId the record's key; the events of one order are published in the order of their appending
     * @param type the CloudEvents type
     * @param payload JSON
     * @param traceparent the W3C trace context that caused it; null where there is none
     */
    public record Event(
            UUID orderId,
            String topic,
            String type,
            String payload,
            @Nullable String traceparent) {}

    /** The trace context of the current request, for {@link Event#traceparent}. */
    public @Nullable String currentTrace() {
        return trace.current();
    }

    /** Writes the event in the current transaction and wakes the relay once that has committed. */
    @Transactional(propagation = Propagation.MANDATORY)
    public void append(Event event) {
        append(List.of(event));
    }

    /** As {@link #append(Event)}, for many events in one statement. */
    @Transactional(propagation = Propagation.MANDATORY)
    public void append(Collection<Event> events) {
        jdbc.sql("""
                INSERT INTO outbox (order_id, topic, type, payload, traceparent, created_at)
                SELECT event.order_id, event.topic, event.type, event.payload, event.traceparent, ?
                FROM unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[])
                     WITH ORDINALITY AS event (order_id, topic, type, payload, traceparent, n)
                ORDER BY n""")
                .param(OffsetDateTime.now(clock.withZone(ZoneOffset.UTC)))
                .param(events.stream().map(event -> event.orderId.toString()).toArray(String[]::new))
                .param(events.stream().map(Event::topic).toArray(String[]::new))
                .param(events.stream().map(Event::type).toArray(String[]::new))
                .param(events.stream().map(Event::payload).toArray(String[]::new))
                .param(events.stream().map(Event::traceparent).toArray(String[]::new))
                .update();
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCommit() {
                doorbell.ring();
            }
        });
    }

    /** Announces events that were written without {@link #append} and are committed. Never throws, never blocks. */
    public void committed(Collection<OutboxEvent> events) {
        if (!events.isEmpty()) {
            doorbell.ring();
        }
    }
}

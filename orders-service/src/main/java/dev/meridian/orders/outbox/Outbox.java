package dev.meridian.orders.outbox;

import io.micrometer.tracing.TraceContext;
import io.micrometer.tracing.Tracer;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Events that are committed together with what they tell, and then published: see docs/adr/0001-outbox-relay.md. */
@Component
public class Outbox {

    private final JdbcClient jdbc;
    private final OutboxRelay relay;
    private final Tracer tracer;
    private final Clock clock;

    Outbox(JdbcClient jdbc, OutboxRelay relay, Tracer tracer, Clock clock) {
        this.jdbc = jdbc;
        this.relay = relay;
        this.tracer = tracer;
        this.clock = clock;
    }

    /**
     * An event that is not written yet.
     *
     * @param orderId the record's key
     * @param type the CloudEvents type
     * @param payload JSON
     */
    public record Event(UUID orderId, String topic, String type, String payload) {}

    /** The header {@code traceparent} of W3C Trace Context for the current trace; null outside one. */
    public @Nullable String currentTrace() {
        TraceContext trace = tracer.currentTraceContext().context();
        if (trace == null) {
            return null;
        }
        String flags = Boolean.TRUE.equals(trace.sampled()) ? "01" : "00";
        return String.join("-", "00", trace.traceId(), trace.spanId(), flags);
    }

    /** Writes the events in the current transaction, and has them published once it has committed. */
    @Transactional(propagation = Propagation.MANDATORY)
    public void append(List<Event> events) {
        List<OutboxEvent> written = insert(events);
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCommit() {
                committed(written);
            }
        });
    }

    List<OutboxEvent> insert(List<Event> events) {
        return jdbc.sql("""
                INSERT INTO outbox (order_id, topic, type, payload, traceparent, created_at)
                SELECT event.*, ?::text, ?::timestamptz
                FROM unnest(?::uuid[], ?::text[], ?::text[], ?::text[]) AS event
                RETURNING
                """ + OutboxEvent.COLUMNS)
                .param(currentTrace())
                .param(clock.instant().atOffset(ZoneOffset.UTC))
                .param(texts(events, event -> event.orderId().toString()))
                .param(texts(events, Event::topic))
                .param(texts(events, Event::type))
                .param(texts(events, Event::payload))
                .query(OutboxEvent::read)
                .list();
    }

    private static String[] texts(List<Event> events, Function<Event, String> text) {
        return events.stream().map(text).toArray(String[]::new);
    }

    /** Has events published whose rows have committed. Neither throws nor waits. */
    public void committed(List<OutboxEvent> events) {
        relay.offer(events);
    }
}

package dev.meridian.orders.outbox;

import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Events that are committed together with what they tell, and then published: see docs/adr/0001-outbox-relay.md. */
@Component
public class Outbox {

    private final OutboxTable table;
    private final DirectRelay direct;
    private final OutboxSignal signal;
    private final TraceContext trace;
    private final Clock clock;

    Outbox(OutboxTable table, DirectRelay direct, OutboxSignal signal, TraceContext trace, Clock clock) {
        this.table = table;
        this.direct = direct;
        this.signal = signal;
        this.trace = trace;
        this.clock = clock;
    }

    /**
     * An event that is not written yet.
     *
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

    /** Writes the events in the current transaction, and has them published once it has committed. */
    @Transactional(propagation = Propagation.MANDATORY)
    public void append(Collection<Event> events) {
        List<OutboxEvent> written = table.insert(events, OffsetDateTime.now(clock.withZone(ZoneOffset.UTC)));
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCommit() {
                committed(written);
            }
        });
    }

    /**
     * Has events published whose rows have committed: placements from memory, the others by the polling relay. Neither
     * throws nor waits; an event for which there is no room in memory leaves by the polling relay some seconds later.
     */
    public void committed(Collection<OutboxEvent> events) {
        for (OutboxEvent event : events) {
            if (event.isPlacement()) {
                direct.offer(event);
            } else {
                signal.signal(event.id());
            }
        }
    }
}

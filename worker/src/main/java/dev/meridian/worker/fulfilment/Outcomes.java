package dev.meridian.worker.fulfilment;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Decided;
import dev.meridian.worker.fulfilment.Fulfilment.Reason;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.queue.EventPublisher;
import dev.meridian.worker.queue.EventPublisher.OutgoingEvent;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Publishes what was decided, keyed by order. */
@Component
class Outcomes {

    private final EventPublisher publisher;

    Outcomes(EventPublisher publisher) {
        this.publisher = publisher;
    }

    /** A decision, in the trace of the order's placement. */
    record Outcome(Decided decision, @Nullable String traceparent) {}

    /**
     * Returns when the outcomes are stored where their readers find them; telling one again is allowed.
     *
     * @throws dev.meridian.worker.queue.DependencyUnavailable when that is not certain within the bounded time
     */
    void publish(List<Outcome> outcomes) {
        publisher.publish(outcomes.stream().map(Outcomes::event).toList());
    }

    private static OutgoingEvent event(Outcome outcome) {
        var event =
                switch (outcome.decision()) {
                    case Confirmed(UUID orderId, Instant at) -> new FulfilmentDecided(orderId, "CONFIRMED", null, at);
                    case Rejected(UUID orderId, Reason why, Instant at) ->
                        new FulfilmentDecided(orderId, "REJECTED", why, at);
                };
        return new OutgoingEvent(
                "fulfilment.outcomes",
                event.orderId().toString(),
                "dev.meridian.fulfilment.decided",
                event,
                outcome.traceparent());
    }

    /** The event as it is written: {@code docs/events/fulfilment-decided.schema.json}. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record FulfilmentDecided(
            UUID orderId, String outcome, @Nullable Reason reason, Instant decidedAt) {}
}

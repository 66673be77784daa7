package dev.meridian.worker.fulfilment;

import dev.meridian.worker.fulfilment.Fulfilment.Cancelled;
import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Decided;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.fulfilment.Fulfilment.Reserved;
import dev.meridian.worker.payment.PaymentRequests;
import dev.meridian.worker.payment.PaymentRequests.Answers;
import dev.meridian.worker.payment.PaymentResult;
import dev.meridian.worker.queue.EventBatchHandler;
import dev.meridian.worker.queue.EventPublisher;
import dev.meridian.worker.queue.EventPublisher.OutgoingEvent;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.springframework.stereotype.Component;

/**
 * Fulfils placed orders, a batch at a time: reserve, charge, decide, tell. Each step's result is stored before the next
 * one starts, and each step can be repeated, so that a delivery goes on from where an earlier one broke off.
 *
 * <p>An order may be cancelled between any two steps. A delivery that finds it so tells nothing, and refunds: a charge
 * may have gone through after {@link OrderCancellation} asked for the refund.
 */
@Component
class OrderFulfilment implements EventBatchHandler<OrderPlaced> {

    private final Fulfilments fulfilments;
    private final PaymentRequests payments;
    private final EventPublisher publisher;
    private final MeterRegistry meters;

    OrderFulfilment(Fulfilments fulfilments, PaymentRequests payments, EventPublisher publisher, MeterRegistry meters) {
        this.fulfilments = fulfilments;
        this.payments = payments;
        this.publisher = publisher;
        this.meters = meters;
    }

    @Override
    public Source<OrderPlaced> source() {
        return new Source<>("orders.placed", "dev.meridian.order.placed", OrderPlaced.class);
    }

    @Override
    public Map<UUID, String> handle(List<Received<OrderPlaced>> batch) {
        List<OrderPlaced> orders = batch.stream().map(Received::event).toList();
        Map<UUID, Fulfilment> reached = fulfilments.reserve(orders);
        // No transaction is open while the provider is asked: it may take its time.
        Answers<PaymentResult> answers = payments.charge(orders.stream()
                .filter(order -> reached.get(order.orderId()) instanceof Reserved)
                .map(OrderPlaced::payment)
                .toList());
        reached.putAll(fulfilments.decide(answers.results()));

        Map<UUID, String> failures = new HashMap<>(answers.failures());
        List<OutgoingEvent> outcomes = new ArrayList<>();
        List<UUID> cancelled = new ArrayList<>();
        for (Received<OrderPlaced> received : batch) {
            UUID orderId = received.event().orderId();
            switch (reached.get(orderId)) {
                case Decided decided -> outcomes.add(outcome(decided, received));
                case Cancelled _ -> cancelled.add(orderId);
                // Only a cancellation bars a payment, and it marks the order before.
                case Reserved _ -> failures.putIfAbsent(orderId, "the payment is barred, but the order is open");
                case null -> throw new IllegalStateException("order " + orderId + " was not reserved");
            }
        }
        publisher.publish(outcomes);
        reached.values().forEach(this::count);
        failures.putAll(payments.refund(cancelled).failures());
        return failures;
    }

    private static OutgoingEvent outcome(Decided decided, Received<OrderPlaced> placed) {
        return new OutgoingEvent(
                "fulfilment.outcomes",
                decided.orderId().toString(),
                "dev.meridian.fulfilment.decided",
                decided,
                placed.traceparent());
    }

    private void count(Fulfilment reached) {
        if (reached instanceof Decided decided) {
            String outcome =
                    switch (decided) {
                        case Confirmed _ -> "confirmed";
                        case Rejected rejected -> rejected.reason().name().toLowerCase(Locale.ROOT);
                    };
            meters.counter("meridian.fulfilment.outcomes", "outcome", outcome).increment();
        }
    }
}

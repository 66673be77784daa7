package dev.meridian.worker.fulfilment;

import dev.meridian.worker.fulfilment.Fulfilment.Cancelled;
import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Decided;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.fulfilment.Fulfilment.Reserved;
import dev.meridian.worker.fulfilment.Outcomes.Outcome;
import dev.meridian.worker.payment.PaymentRequests;
import dev.meridian.worker.payment.PaymentRequests.Answers;
import dev.meridian.worker.payment.PaymentResult;
import dev.meridian.worker.payment.PaymentResult.Barred;
import dev.meridian.worker.payment.PaymentResult.Charged;
import dev.meridian.worker.payment.PaymentResult.Declined;
import dev.meridian.worker.queue.EventBatchHandler;
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
    private final Outcomes outcomes;
    private final MeterRegistry meters;

    OrderFulfilment(Fulfilments fulfilments, PaymentRequests payments, Outcomes outcomes, MeterRegistry meters) {
        this.fulfilments = fulfilments;
        this.payments = payments;
        this.outcomes = outcomes;
        this.meters = meters;
    }

    @Override
    public Source<OrderPlaced> source() {
        return new Source<>("orders.placed", "dev.meridian.order.placed", OrderPlaced.class);
    }

    @Override
    public Map<UUID, String> handle(List<Received<OrderPlaced>> batch) {
        Map<UUID, Fulfilment> reached =
                fulfilments.reserve(batch.stream().map(Received::event).toList());
        List<OrderPlaced> reserved = batch.stream()
                .map(Received::event)
                .filter(order -> reached.get(order.orderId()) instanceof Reserved)
                .toList();
        Map<UUID, String> failures = new HashMap<>();
        if (!reserved.isEmpty()) {
            // No transaction is open while the provider is asked: it may take its time.
            Answers<PaymentResult> answers =
                    payments.charge(reserved.stream().map(OrderPlaced::payment).toList());
            failures.putAll(answers.failures());
            reached.putAll(decide(answers.results()));
        }
        List<Outcome> decided = new ArrayList<>();
        List<UUID> cancelled = new ArrayList<>();
        for (Received<OrderPlaced> received : batch) {
            UUID orderId = received.event().orderId();
            switch (reached.get(orderId)) {
                case Decided decision -> decided.add(new Outcome(decision, received.traceparent()));
                case Cancelled _ -> cancelled.add(orderId);
                case Reserved _ -> failures.putIfAbsent(orderId, "the payment is barred, but the order is open");
                case null -> throw new IllegalStateException("order " + orderId + " was not reserved");
            }
        }
        if (!decided.isEmpty()) {
            outcomes.publish(decided);
            decided.forEach(outcome -> count(outcome.decision()));
        }
        if (!cancelled.isEmpty()) {
            failures.putAll(payments.refund(cancelled).failures());
        }
        return failures;
    }

    private Map<UUID, Fulfilment> decide(Map<UUID, PaymentResult> answers) {
        List<UUID> paid = new ArrayList<>();
        List<UUID> declined = new ArrayList<>();
        List<UUID> barred = new ArrayList<>();
        answers.forEach((orderId, answer) -> {
            switch (answer) {
                case Charged() -> paid.add(orderId);
                case Declined() -> declined.add(orderId);
                case Barred() -> barred.add(orderId);
            }
        });
        Map<UUID, Fulfilment> reached = new HashMap<>();
        if (!paid.isEmpty() || !declined.isEmpty()) {
            reached.putAll(fulfilments.decide(paid, declined));
        }
        if (!barred.isEmpty()) {
            // Only a cancellation bars a payment, and it marks the order before.
            reached.putAll(fulfilments.find(barred));
        }
        return reached;
    }

    private void count(Decided decision) {
        String outcome =
                switch (decision) {
                    case Confirmed _ -> "confirmed";
                    case Rejected rejected -> rejected.reason().name().toLowerCase(Locale.ROOT);
                };
        meters.counter("meridian.fulfilment.outcomes", "outcome", outcome).increment();
    }
}

package dev.meridian.worker.fulfilment;

import dev.meridian.worker.fulfilment.Fulfilment.Cancelled;
import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Decided;
import dev.meridian.worker.fulfilment.Fulfilment.Reason;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.fulfilment.Fulfilment.Reserved;
import dev.meridian.worker.fulfilment.Fulfilment.Settled;
import dev.meridian.worker.payment.PaymentProvider;
import dev.meridian.worker.payment.PaymentResult.Barred;
import dev.meridian.worker.payment.PaymentResult.Charged;
import dev.meridian.worker.payment.PaymentResult.Declined;
import dev.meridian.worker.queue.EventHandler;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.stereotype.Component;

/**
 * Fulfils a placed order: reserve, charge, decide, tell. Each step's result is stored before the next one
 * starts, and each step can be repeated, so that a delivery goes on from where an earlier one broke off.
 *
 * <p>The order may be cancelled between any two steps. Whoever finds it so tells nobody, and refunds: a charge may
 * have gone through after {@link OrderCancellation} asked for the refund.
 */
@Component
class OrderFulfilment implements EventHandler {

    private final Fulfilments fulfilments;
    private final PaymentProvider payments;
    private final Refunds refunds;
    private final Outcomes outcomes;
    private final Events events;
    private final MeterRegistry meters;

    OrderFulfilment(
            Fulfilments fulfilments,
            PaymentProvider payments,
            Refunds refunds,
            Outcomes outcomes,
            Events events,
            MeterRegistry meters) {
        this.fulfilments = fulfilments;
        this.payments = payments;
        this.refunds = refunds;
        this.outcomes = outcomes;
        this.events = events;
        this.meters = meters;
    }

    @Override
    public String topic() {
        return "orders.placed";
    }

    @Override
    public String type() {
        return OrderPlaced.TYPE;
    }

    @Override
    public void handle(ConsumerRecord<String, byte[]> record) {
        fulfil(events.read(record, OrderPlaced.class));
    }

    void fulfil(OrderPlaced order) {
        Settled settled =
                switch (fulfilments.reserve(order)) {
                    case Settled already -> already;
                    case Reserved _ -> settle(order);
                };
        switch (settled) {
            case Decided decision -> {
                outcomes.publish(decision);
                count(decision);
            }
            case Cancelled _ -> refunds.refund(order.orderId());
        }
    }

    // No transaction is open while the provider is asked: it may take its time.
    private Settled settle(OrderPlaced order) {
        return switch (payments.charge(order.payment())) {
            case Charged() -> fulfilments.confirm(order.orderId());
            case Declined() -> fulfilments.reject(order.orderId(), Reason.PAYMENT_DECLINED);
            // Only a cancellation bars a payment, and it marks the order before.
            case Barred() -> fulfilments.settled(order.orderId());
        };
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

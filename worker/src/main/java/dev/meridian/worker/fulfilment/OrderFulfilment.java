package dev.meridian.worker.fulfilment;

import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Decided;
import dev.meridian.worker.fulfilment.Fulfilment.Reason;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.fulfilment.Fulfilment.Reserved;
import dev.meridian.worker.payment.PaymentProvider;
import dev.meridian.worker.payment.PaymentResult.Charged;
import dev.meridian.worker.payment.PaymentResult.Declined;
import dev.meridian.worker.queue.EventHandler;
import dev.meridian.worker.queue.UnreadableEvent;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Fulfils a placed order: reserve, charge, decide, tell. Each step's result is stored before the next one
 * starts, and each step can be repeated, so that a delivery goes on from where an earlier one broke off.
 */
@Component
class OrderFulfilment implements EventHandler {

    private final Fulfilments fulfilments;
    private final PaymentProvider payments;
    private final Outcomes outcomes;
    private final JsonMapper json;
    private final MeterRegistry meters;

    OrderFulfilment(
            Fulfilments fulfilments,
            PaymentProvider payments,
            Outcomes outcomes,
            JsonMapper json,
            MeterRegistry meters) {
        this.fulfilments = fulfilments;
        this.payments = payments;
        this.outcomes = outcomes;
        this.json = json;
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
        fulfil(read(record));
    }

    void fulfil(OrderPlaced order) {
        Fulfilment fulfilment = fulfilments.find(order.orderId()).orElseGet(() -> fulfilments.reserve(order));
        Decided decision =
                switch (fulfilment) {
                    case Decided decided -> decided;
                    case Reserved _ -> settle(order);
                };
        outcomes.publish(decision);
        count(decision);
    }

    // No transaction is open while the provider is asked: it may take its time.
    private Decided settle(OrderPlaced order) {
        return switch (payments.charge(order.payment())) {
            case Charged() -> fulfilments.confirm(order.orderId());
            case Declined() -> fulfilments.reject(order.orderId(), Reason.PAYMENT_DECLINED);
        };
    }

    private OrderPlaced read(ConsumerRecord<String, byte[]> record) {
        try {
            return Objects.requireNonNull(json.readValue(record.value(), OrderPlaced.class), "the value is null");
        } catch (JacksonException | NullPointerException e) {
            throw new UnreadableEvent("not an order: " + e.getMessage(), e);
        }
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

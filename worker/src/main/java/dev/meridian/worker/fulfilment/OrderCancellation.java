package dev.meridian.worker.fulfilment;

import dev.meridian.worker.fulfilment.Fulfilment.Cancelled;
import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.fulfilment.Fulfilment.Reserved;
import dev.meridian.worker.payment.PaymentRequests;
import dev.meridian.worker.queue.EventBatchHandler;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Takes back what was done for orders that their customers cancelled: mark, with the release of the stock, then
 * refund. The mark comes first. From then on no delivery of the placement confirms, and each that finds the mark
 * refunds as well, so a charge that was under way during the refund does not stay.
 */
@Component
class OrderCancellation implements EventBatchHandler<OrderCancelled> {

    private static final Logger log = LoggerFactory.getLogger(OrderCancellation.class);

    private final Fulfilments fulfilments;
    private final PaymentRequests payments;
    private final MeterRegistry meters;

    OrderCancellation(Fulfilments fulfilments, PaymentRequests payments, MeterRegistry meters) {
        this.fulfilments = fulfilments;
        this.payments = payments;
        this.meters = meters;
    }

    @Override
    public Source<OrderCancelled> source() {
        return new Source<>("orders.cancelled", "dev.meridian.order.cancelled", OrderCancelled.class);
    }

    @Override
    public Map<UUID, String> handle(List<Received<OrderCancelled>> batch) {
        List<OrderCancelled> orders = batch.stream().map(Received::event).toList();
        List<UUID> orderIds = orders.stream().map(OrderCancelled::orderId).toList();
        Map<UUID, Fulfilment> before = fulfilments.cancel(orders);
        Map<UUID, String> failures = payments.refund(orderIds).failures();
        for (UUID orderId : orderIds) {
            if (!failures.containsKey(orderId)) {
                String found = name(before.get(orderId));
                log.info("Cancelled order {}, found {}", orderId, found);
                meters.counter("meridian.fulfilment.cancellations", "found", found)
                        .increment();
            }
        }
        return failures;
    }

    private static String name(@Nullable Fulfilment before) {
        return switch (before) {
            case Reserved _ -> "reserved";
            case Confirmed _ -> "confirmed";
            case Rejected _ -> "rejected";
            case Cancelled _ -> "cancelled";
            case null -> "not_placed";
        };
    }
}

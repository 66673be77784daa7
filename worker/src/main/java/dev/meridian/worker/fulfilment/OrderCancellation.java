package dev.meridian.worker.fulfilment;

import dev.meridian.worker.fulfilment.Fulfilment.Cancelled;
import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.fulfilment.Fulfilment.Reserved;
import dev.meridian.worker.queue.EventHandler;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Takes back what was done for an order that its customer cancelled: mark, with the release of its stock, then
 * refund. The mark comes first. From then on no delivery of the placement confirms, and each that finds the mark
 * refunds as well, so a charge that was under way during the refund does not stay.
 */
@Component
class OrderCancellation implements EventHandler {

    private static final Logger log = LoggerFactory.getLogger(OrderCancellation.class);

    private final Fulfilments fulfilments;
    private final Refunds refunds;
    private final Events events;
    private final MeterRegistry meters;

    OrderCancellation(Fulfilments fulfilments, Refunds refunds, Events events, MeterRegistry meters) {
        this.fulfilments = fulfilments;
        this.refunds = refunds;
        this.events = events;
        this.meters = meters;
    }

    @Override
    public String topic() {
        return "orders.cancelled";
    }

    @Override
    public String type() {
        return OrderCancelled.TYPE;
    }

    @Override
    public void handle(ConsumerRecord<String, byte[]> record) {
        cancel(events.read(record, OrderCancelled.class));
    }

    void cancel(OrderCancelled order) {
        String found = name(fulfilments.cancel(order));
        refunds.refund(order.orderId());
        log.info("Cancelled order {}, found {}", order.orderId(), found);
        meters.counter("meridian.fulfilment.cancellations", "found", found).increment();
    }

    private static String name(Optional<Fulfilment> before) {
        return switch (before.orElse(null)) {
            case Reserved _ -> "reserved";
            case Confirmed _ -> "confirmed";
            case Rejected _ -> "rejected";
            case Cancelled _ -> "cancelled";
            case null -> "not_placed";
        };
    }
}

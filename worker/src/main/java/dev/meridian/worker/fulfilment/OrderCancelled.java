package dev.meridian.worker.fulfilment;

import dev.meridian.worker.queue.EventBatchHandler.OrderEvent;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;

/**
 * The event of an order that its customer cancelled, as this side reads it:
 * {@code docs/events/order-cancelled.schema.json}.
 */
record OrderCancelled(UUID orderId, String customer, Instant cancelledAt) implements OrderEvent {

    OrderCancelled {
        Objects.requireNonNull(orderId, "orderId");
        Objects.requireNonNull(customer, "customer");
        Objects.requireNonNull(cancelledAt, "cancelledAt");
    }
}

package dev.meridian.orders.order;

import java.time.Instant;
import java.util.UUID;

/** The event of {@code docs/events/order-cancelled.schema.json}. */
record OrderCancelled(UUID orderId, String customer, Instant cancelledAt) {

    static final String TYPE = "dev.meridian.order.cancelled";
    static final String TOPIC = "orders.cancelled";
}

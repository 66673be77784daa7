package dev.meridian.orders.settlement;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.Orders;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The event of {@code docs/events/fulfilment-decided.schema.json}, as far as orders need it. */
@JsonIgnoreProperties(ignoreUnknown = true)
record Outcome(UUID orderId, Result outcome, Order.@Nullable Reason reason) {

    static final String TYPE = "dev.meridian.fulfilment.decided";

    /** Named as the status that it gives to the order. */
    enum Result {
        CONFIRMED,
        REJECTED
    }

    Outcome {
        if (orderId == null || outcome == null) {
            throw new IllegalArgumentException("An outcome names its order and its result");
        }
        if ((outcome == Result.REJECTED) != (reason != null)) {
            throw new IllegalArgumentException("A rejection has a reason, and a confirmation has none");
        }
    }

    Orders.Settlement settlement() {
        return new Orders.Settlement(orderId, Order.Status.valueOf(outcome.name()), reason);
    }

    /** Whether the order is as this outcome leaves it. */
    boolean isOf(Order order) {
        return order.status().name().equals(outcome.name()) && order.reason() == reason;
    }
}

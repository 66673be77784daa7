package dev.meridian.orders.settlement;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.meridian.orders.order.Order;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The event of {@code docs/events/fulfilment-decided.schema.json}, as far as orders need it.
 *
 * @param outcome the order's new status
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record Outcome(UUID orderId, Order.Status outcome, Order.@Nullable Reason reason) {

    static final String TYPE = "dev.meridian.fulfilment.decided";

    Outcome {
        if (orderId == null || outcome == null) {
            throw new IllegalArgumentException("An outcome names its order and its result");
        }
        if (outcome != Order.Status.CONFIRMED && outcome != Order.Status.REJECTED) {
            throw new IllegalArgumentException("No outcome is " + outcome);
        }
        if ((outcome == Order.Status.REJECTED) != (reason != null)) {
            throw new IllegalArgumentException("A rejection has a reason, and a confirmation has none");
        }
    }

    /** Whether the order is as this outcome leaves it. */
    boolean isOf(Order order) {
        return order.status() == outcome && order.reason() == reason;
    }
}

package dev.meridian.worker.fulfilment;

import dev.meridian.worker.payment.Money;
import dev.meridian.worker.payment.Payment;
import dev.meridian.worker.queue.EventBatchHandler.OrderEvent;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * The event of an order that was placed, as this side reads it:
 * {@code docs/events/order-placed.schema.json}.
 */
record OrderPlaced(UUID orderId, String customer, Instant placedAt, List<Line> lines, Money total, String paymentToken)
        implements OrderEvent {

    OrderPlaced {
        Objects.requireNonNull(orderId, "orderId");
        Objects.requireNonNull(customer, "customer");
        Objects.requireNonNull(placedAt, "placedAt");
        Objects.requireNonNull(total, "total");
        Objects.requireNonNull(paymentToken, "paymentToken");
        lines = List.copyOf(lines);
        if (lines.isEmpty()) {
            throw new IllegalArgumentException("an order without lines");
        }
    }

    /** Quantities are those of the schema, so that they can be added up. */
    record Line(String sku, int quantity) {

        Line {
            Objects.requireNonNull(sku, "sku");
            if (quantity < 1 || quantity > 999) {
                throw new IllegalArgumentException("quantity of " + sku + " is " + quantity);
            }
        }
    }

    /** What to take from stock: each SKU once, in the order in which stock is locked. */
    SortedMap<String, Integer> quantities() {
        return lines.stream().collect(Collectors.toMap(Line::sku, Line::quantity, Integer::sum, TreeMap::new));
    }

    Payment payment() {
        return new Payment(orderId, total, paymentToken);
    }
}

package dev.meridian.orders.order;

import dev.meridian.orders.Money;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** The event of {@code docs/events/order-placed.schema.json}. */
record OrderPlaced(
        UUID orderId, String customer, Instant placedAt, List<Item> lines, Money total, String paymentToken) {

    static final String TYPE = "dev.meridian.order.placed";
    static final String TOPIC = "orders.placed";

    record Item(String sku, int quantity) {}

    static OrderPlaced of(Order order, String paymentToken) {
        List<Item> items = order.lines().stream()
                .map(line -> new Item(line.sku(), line.quantity()))
                .toList();
        return new OrderPlaced(order.id(), order.customer(), order.placedAt(), items, order.total(), paymentToken);
    }
}

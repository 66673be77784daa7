package dev.meridian.orders.order;

/** The event of {@code docs/events/order-changed.schema.json}: an order's newest version, whole. */
public record OrderChanged(String customer, Order order) {

    public static final String TYPE = "dev.meridian.order.changed";
    public static final String TOPIC = "orders.changed";
}

package dev.meridian.orders.order;

/** What became of a request to place an order. */
public sealed interface Placement {

    record Placed(Order order) implements Placement {}

    record UnknownSku(String sku) implements Placement {}
}

package dev.meridian.orders.order;

/** What became of a request to place an order. */
public sealed interface Placement {

    /**
     * The order is placed.
     *
     * @param order at its first version
     * @param replayed whether an earlier request under the key placed it
     */
    record Placed(Order order, boolean replayed) implements Placement {}

    /** The catalogue does not know a product; nothing was stored. */
    record UnknownSku(String sku) implements Placement {}

    /** Another request under the key is still being written; nothing was stored for this one. */
    record KeyInUse() implements Placement {}

    /** The key belongs to an earlier request that asked for something else. */
    record KeyReused() implements Placement {}
}

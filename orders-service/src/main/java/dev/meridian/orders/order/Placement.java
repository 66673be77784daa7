package dev.meridian.orders.order;

import java.util.UUID;

/** What became of a request to place an order. */
public sealed interface Placement {

    /**
     * The order stands. The same answer goes to the request that placed it and to every repetition of it.
     *
     * @param json the order as it was placed, in the words of the first answer
     */
    record Placed(UUID orderId, String json) implements Placement {}

    /** The idempotency key belongs to an earlier request that asked for something else. */
    record KeyReused() implements Placement {}

    record UnknownSku(String sku) implements Placement {}
}

package dev.meridian.orders.order;

/** What became of a request to cancel an order. */
public sealed interface Cancellation {

    /** The order is cancelled, by this request or an earlier one. */
    record Cancelled(Order order) implements Cancellation {}

    /** Fulfilment decided first. @param status what it decided */
    record Settled(Order.Status status) implements Cancellation {}

    /** The order could still be cancelled, but is at another version than the caller named. */
    record OtherVersion(long version) implements Cancellation {}

    /** The caller has no such order. */
    record NoSuchOrder() implements Cancellation {}
}

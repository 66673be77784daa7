package dev.meridian.worker.fulfilment;

import java.time.Instant;
import java.util.UUID;

/** How far the fulfilment of an order has come. What is decided changes only by cancellation, which is for ever. */
sealed interface Fulfilment {

    UUID orderId();

    /** Stock is set aside, the payment is open. */
    record Reserved(UUID orderId) implements Fulfilment {}

    /** Nothing is left to do for the placement, except to tell of it or to give the money back. */
    sealed interface Settled extends Fulfilment {}

    /** What orders-service is told. */
    sealed interface Decided extends Settled {

        Instant decidedAt();
    }

    record Confirmed(UUID orderId, Instant decidedAt) implements Decided {}

    record Rejected(UUID orderId, Reason reason, Instant decidedAt) implements Decided {}

    /** It holds no stock. Nobody is told: orders-service knew it first. */
    record Cancelled(UUID orderId, Instant cancelledAt) implements Settled {}

    enum Reason {
        OUT_OF_STOCK,
        PAYMENT_DECLINED
    }
}

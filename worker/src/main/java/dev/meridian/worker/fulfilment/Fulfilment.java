package dev.meridian.worker.fulfilment;

import java.time.Instant;
import java.util.UUID;

/** How far the fulfilment of an order has come; what is decided never changes. */
sealed interface Fulfilment {

    UUID orderId();

    /** Stock is set aside, the payment is open. */
    record Reserved(UUID orderId) implements Fulfilment {}

    sealed interface Decided extends Fulfilment {

        Instant decidedAt();
    }

    record Confirmed(UUID orderId, Instant decidedAt) implements Decided {}

    record Rejected(UUID orderId, Reason reason, Instant decidedAt) implements Decided {}

    enum Reason {
        OUT_OF_STOCK,
        PAYMENT_DECLINED
    }
}

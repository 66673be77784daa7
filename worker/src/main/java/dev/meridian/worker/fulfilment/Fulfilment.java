package dev.meridian.worker.fulfilment;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonTypeName;
import java.time.Instant;
import java.util.UUID;

/** How far the fulfilment of an order has come. What is decided changes only by cancellation, which is for ever. */
sealed interface Fulfilment {

    UUID orderId();

    /** Stock is set aside, the payment is open. */
    record Reserved(UUID orderId) implements Fulfilment {}

    /** The event that tells orders-service, as it is written: {@code docs/events/fulfilment-decided.schema.json}. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "outcome")
    sealed interface Decided extends Fulfilment {

        Instant decidedAt();
    }

    @JsonTypeName("CONFIRMED")
    record Confirmed(UUID orderId, Instant decidedAt) implements Decided {}

    @JsonTypeName("REJECTED")
    record Rejected(UUID orderId, Reason reason, Instant decidedAt) implements Decided {}

    /** It holds no stock. orders-service is not told: it knew it first. */
    record Cancelled(UUID orderId, Instant cancelledAt) implements Fulfilment {}

    enum Reason {
        OUT_OF_STOCK,
        PAYMENT_DECLINED
    }
}

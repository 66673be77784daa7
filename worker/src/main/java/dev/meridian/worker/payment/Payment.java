package dev.meridian.worker.payment;

import java.util.Objects;
import java.util.UUID;

/** What is to be charged for an order; {@code token} stands for the customer's means of payment. */
public record Payment(UUID orderId, Money amount, String token) {

    public Payment {
        Objects.requireNonNull(orderId, "orderId");
        Objects.requireNonNull(amount, "amount");
        Objects.requireNonNull(token, "token");
    }
}

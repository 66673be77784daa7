package dev.meridian.worker.payment;

public sealed interface PaymentResult {

    record Charged() implements PaymentResult {}

    record Declined() implements PaymentResult {}

    /** The order was refunded: nothing is charged for it, now or later. */
    record Barred() implements PaymentResult {}
}

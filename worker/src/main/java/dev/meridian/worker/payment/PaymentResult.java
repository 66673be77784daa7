package dev.meridian.worker.payment;

public sealed interface PaymentResult {

    record Charged() implements PaymentResult {}

    record Declined() implements PaymentResult {}
}

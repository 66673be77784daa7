package dev.meridian.worker.payment;

/** Whoever takes the customer's money. */
public interface PaymentProvider {

    /**
     * Charges a payment once, however often it is asked: the order's id is the idempotency key, and the first
     * settled answer is the answer for ever.
     *
     * @throws PaymentUnavailable when there is no answer yet; asking again is safe
     */
    PaymentResult charge(Payment payment);
}

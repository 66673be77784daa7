package dev.meridian.worker.payment;

/** The provider gave no answer: the charge or the refund may or may not have happened. */
public class PaymentUnavailable extends RuntimeException {

    public PaymentUnavailable(String message) {
        super(message);
    }
}

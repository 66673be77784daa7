package dev.meridian.worker.payment;

import java.util.UUID;

/** Takes the customer's money. Each call returns or throws within a bounded time; the caller may have gone on by then. */
public interface PaymentProvider {

    /**
     * Charges a payment once, however often it is asked: the order's id is the idempotency key, and the first
     * settled answer is the answer for ever, unless the order is refunded.
     *
     * @throws PaymentUnavailable when there is no answer yet; asking again is safe
     */
    PaymentResult charge(Payment payment);

    /**
     * Gives back what was charged for an order, once, however often it is asked, and bars every charge that is asked
     * for from then on, as cancelling a payment intent does. It need not know the order.
     *
     * <p>A charge that is under way meanwhile may still go through: the caller that asked for it asks for its refund.
     *
     * @throws PaymentUnavailable when there is no answer yet; asking again is safe
     */
    RefundResult refund(UUID orderId);
}

package dev.meridian.worker.queue;

import dev.meridian.worker.payment.PaymentProvider;

/** The counter-example of an architecture rule. */
public class QueueThatKnowsPayments {

    boolean knows(Object something) {
        return something instanceof PaymentProvider;
    }
}

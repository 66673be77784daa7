package dev.meridian.worker.fulfilment;

import dev.meridian.worker.payment.PaymentProvider;
import dev.meridian.worker.payment.PaymentUnavailable;
import dev.meridian.worker.payment.RefundResult.NothingCharged;
import dev.meridian.worker.payment.RefundResult.Refunded;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Gives back the money of cancelled orders. */
@Component
class Refunds {

    private static final Logger log = LoggerFactory.getLogger(Refunds.class);

    private final PaymentProvider payments;
    private final MeterRegistry meters;

    Refunds(PaymentProvider payments, MeterRegistry meters) {
        this.payments = payments;
        this.meters = meters;
    }

    /**
     * Returns when nothing is charged for the order, and no charge can be asked for any more. Asking again is safe.
     *
     * @throws PaymentUnavailable when that is not certain
     */
    void refund(UUID orderId) {
        String result =
                switch (payments.refund(orderId)) {
                    case Refunded() -> {
                        log.info("Refunded order {}", orderId);
                        yield "refunded";
                    }
                    case NothingCharged() -> "nothing_charged";
                };
        meters.counter("meridian.fulfilment.refunds", "result", result).increment();
    }
}

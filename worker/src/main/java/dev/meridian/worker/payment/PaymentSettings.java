package dev.meridian.worker.payment;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/** @param timeout how long to wait for the provider's answers to all orders of a batch together */
@ConfigurationProperties("meridian.payment")
public record PaymentSettings(Duration timeout) {

    public PaymentSettings {
        if (!timeout.isPositive()) {
            throw new IllegalArgumentException("meridian.payment.timeout is not positive");
        }
    }
}

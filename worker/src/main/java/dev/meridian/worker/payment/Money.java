package dev.meridian.worker.payment;

import java.math.BigDecimal;
import java.util.Objects;

/** An amount in a currency (ISO 4217), never negative. */
public record Money(BigDecimal amount, String currency) {

    public Money {
        Objects.requireNonNull(amount, "amount");
        Objects.requireNonNull(currency, "currency");
        if (amount.signum() < 0) {
            throw new IllegalArgumentException("amount is negative: " + amount);
        }
    }
}

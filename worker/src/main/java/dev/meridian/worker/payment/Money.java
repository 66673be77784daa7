package dev.meridian.worker.payment;

import java.math.BigDecimal;
import java.util.Objects;

/** An amount in a currency (ISO 4217): never negative, below ten billion, with at most ten decimal places. */
public record Money(BigDecimal amount, String currency) {

    private static final int LONGEST_PART = 10;

    public Money {
        Objects.requireNonNull(amount, "amount");
        Objects.requireNonNull(currency, "currency");
        // Compared without writing it out: 1E+1000000000 is a short number with a long name.
        if (amount.signum() < 0
                || amount.scale() > LONGEST_PART
                || (long) amount.precision() - amount.scale() > LONGEST_PART) {
            throw new IllegalArgumentException("amount is negative or out of range");
        }
    }
}

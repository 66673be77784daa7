package dev.meridian.orders;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.math.BigDecimal;

/**
 * An amount of one currency, exact.
 *
 * @param amount with the two decimals of the currency; a string in JSON, so that no reader turns it into a
 *     binary fraction
 * @param currency an ISO 4217 code
 */
public record Money(
        @JsonFormat(shape = JsonFormat.Shape.STRING) BigDecimal amount, String currency) {

    private static final int DECIMALS = 2;

    /** @throws ArithmeticException for an amount that has more than two decimals */
    public Money {
        amount = amount.setScale(DECIMALS);
    }

    public Money times(int quantity) {
        return new Money(amount.multiply(BigDecimal.valueOf(quantity)), currency);
    }

    /** @throws IllegalArgumentException for another currency */
    public Money plus(Money other) {
        if (!currency.equals(other.currency)) {
            throw new IllegalArgumentException("Cannot add " + other.currency + " to " + currency);
        }
        return new Money(amount.add(other.amount), currency);
    }
}

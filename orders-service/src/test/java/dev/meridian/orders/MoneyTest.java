package dev.meridian.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class MoneyTest {

    private static Money euros(String amount) {
        return new Money(new BigDecimal(amount), "EUR");
    }

    @Test
    void multipliesAndAddsExactly() {
        assertThat(euros("0.10").times(3).plus(euros("0.20"))).isEqualTo(euros("0.50"));
    }

    @Test
    void isEqualWhateverTheScaleItWasWrittenWith() {
        assertThat(euros("12")).isEqualTo(euros("12.00"));
    }

    @Test
    void travelsAsAString() {
        assertThat(JsonMapper.shared().writeValueAsString(euros("24")))
                .isEqualTo("{\"amount\":\"24.00\",\"currency\":\"EUR\"}");
    }

    @Test
    void hasNoFractionsOfACent() {
        assertThatThrownBy(() -> euros("0.001")).isInstanceOf(ArithmeticException.class);
    }

    @Test
    void doesNotMixCurrencies() {
        assertThatThrownBy(() -> euros("1.00").plus(new Money(new BigDecimal("1.00"), "USD")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("USD");
    }
}

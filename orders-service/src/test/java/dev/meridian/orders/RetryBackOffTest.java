package dev.meridian.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.verifyNoMoreInteractions;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;

class RetryBackOffTest {

    private final Logger log = mock();
    private final RetryBackOff backOff = new RetryBackOff(log, "Settling");

    @Test
    void failuresAreLoggedOnceWhenTheyBeginAndOnceWhenTheyAreOver() {
        backOff.succeeded();
        for (int outage = 0; outage < 2; outage++) {
            for (int n = 0; n < 50; n++) {
                backOff.failed(new IllegalStateException("away"));
            }
            backOff.succeeded();
            backOff.succeeded();
        }

        verify(log, times(2)).warn(anyString(), any(Object.class), any(Object.class));
        verify(log, times(2)).info(anyString(), any(Object.class), any(Object.class));
        verifyNoMoreInteractions(log);
    }

    @Test
    void pausesGrowToALimitAndBeginAnewAfterASuccess() {
        var failure = new IllegalStateException("away");
        Duration first = backOff.failed(failure);
        assertThat(backOff.failed(failure)).isEqualTo(first.multipliedBy(2));
        for (int n = 0; n < 50; n++) {
            assertThat(backOff.failed(failure)).isPositive().isLessThanOrEqualTo(RetryBackOff.LONGEST);
        }
        assertThat(backOff.failed(failure)).isEqualTo(RetryBackOff.LONGEST);
        backOff.succeeded();
        assertThat(backOff.failed(failure)).isEqualTo(first);
    }
}

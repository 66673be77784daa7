package dev.meridian.orders.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.verifyNoMoreInteractions;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;

/** Time is what the test says it is. */
class CircuitBreakerTest {

    private static final Duration PAUSE = Duration.ofMillis(500);

    private final AtomicLong now = new AtomicLong(-5); // nanoTime may be negative
    private final Logger log = mock();
    private final CircuitBreaker breaker = new CircuitBreaker(log, "The server", PAUSE, now::get);

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    @Test
    void closedItPermitsEveryRequest() {
        assertThat(breaker.permits()).isTrue();
        assertThat(breaker.permits()).isTrue();
        assertThat(breaker.isOpen()).isFalse();
    }

    @Test
    void afterAFailureItPermitsNothingForThePause() {
        breaker.failed("away");
        assertThat(breaker.isOpen()).isTrue();

        pass(PAUSE.minusNanos(1));
        assertThat(breaker.permits()).isFalse();
    }

    @Test
    void afterThePauseItPermitsOneRequestAndAfterAnotherPauseTheNext() {
        breaker.failed("away");
        pass(PAUSE);
        assertThat(breaker.permits()).isTrue();
        assertThat(breaker.permits()).isFalse();

        pass(PAUSE); // and nothing was heard of the first
        assertThat(breaker.permits()).isTrue();
        assertThat(breaker.permits()).isFalse();
    }

    @Test
    void aSuccessClosesItAndAFailedTrialBeginsThePauseAnew() {
        breaker.failed("away");
        pass(PAUSE);
        assertThat(breaker.permits()).isTrue();
        breaker.failed("away");
        pass(PAUSE.minusNanos(1));
        assertThat(breaker.permits()).isFalse();

        pass(Duration.ofNanos(1));
        assertThat(breaker.permits()).isTrue();
        breaker.succeeded();
        assertThat(breaker.permits()).isTrue();
        assertThat(breaker.permits()).isTrue();
    }

    @Test
    void itLogsOnceThatItOpensAndOnceThatItCloses() {
        breaker.succeeded();
        for (int n = 0; n < 50; n++) {
            breaker.failed("away");
        }
        breaker.succeeded();
        breaker.succeeded();

        verify(log).warn(anyString(), eq("The server"), eq("away"));
        verify(log).info(anyString(), eq("The server"));
        verifyNoMoreInteractions(log);
    }
}

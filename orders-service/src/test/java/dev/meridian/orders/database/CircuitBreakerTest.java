package dev.meridian.orders.database;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Time is what the test says it is. */
class CircuitBreakerTest {

    private static final Duration PAUSE = Duration.ofMillis(500);

    private final AtomicLong now = new AtomicLong(-5); // nanoTime may be negative
    private final CircuitBreaker breaker = new CircuitBreaker(PAUSE, now::get);

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
        assertThat(breaker.failed()).isTrue();
        assertThat(breaker.failed()).as("it was open already").isFalse();
        assertThat(breaker.isOpen()).isTrue();

        pass(PAUSE.minusNanos(1));
        assertThat(breaker.permits()).isFalse();
    }

    @Test
    void afterThePauseItPermitsOneRequestAndAfterAnotherPauseTheNext() {
        breaker.failed();
        pass(PAUSE);
        assertThat(breaker.permits()).isTrue();
        assertThat(breaker.permits()).isFalse();

        pass(PAUSE); // and nothing was heard of the first
        assertThat(breaker.permits()).isTrue();
        assertThat(breaker.permits()).isFalse();
    }

    @Test
    void aSuccessClosesItAndAFailedTrialBeginsThePauseAnew() {
        breaker.failed();
        pass(PAUSE);
        assertThat(breaker.permits()).isTrue();
        breaker.failed();
        pass(PAUSE.minusNanos(1));
        assertThat(breaker.permits()).isFalse();

        pass(Duration.ofNanos(1));
        assertThat(breaker.permits()).isTrue();
        assertThat(breaker.succeeded()).isTrue();
        assertThat(breaker.succeeded()).as("it was closed already").isFalse();
        assertThat(breaker.permits()).isTrue();
        assertThat(breaker.permits()).isTrue();
    }
}

package dev.meridian.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ClosedLoopTest {

    @Test
    void countsWhatEndedWellOfEveryCaller() throws Exception {
        var calls = new AtomicLong();

        var result = ClosedLoop.run(3, Duration.ofMillis(50), number -> () -> {
            calls.incrementAndGet();
            Thread.sleep(1);
        });

        assertThat(result.calls()).isPositive().isEqualTo(calls.get());
        assertThat(result.failures()).isZero();
        assertThat(result.length()).isGreaterThanOrEqualTo(Duration.ofMillis(50));
        assertThat(result.perSecond())
                .isEqualTo(result.calls() / (result.length().toNanos() / 1e9));
    }

    @Test
    void aCallerThatOnlyFailsGivesUp() throws Exception {
        var tries = new AtomicInteger();

        var result = ClosedLoop.run(1, Duration.ofMinutes(10), number -> () -> {
            tries.incrementAndGet();
            throw new IOException("refused");
        });

        assertThat(result.calls()).isZero();
        assertThat(result.failures()).isEqualTo(tries.get());
        assertThat(result.length()).isLessThan(Duration.ofMinutes(1));
    }
}

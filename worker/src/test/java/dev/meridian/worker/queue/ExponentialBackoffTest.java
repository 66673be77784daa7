package dev.meridian.worker.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class ExponentialBackoffTest {

    @ParameterizedTest
    @CsvSource({"1,10", "2,20", "3,40", "4,80", "5,100", "10,100", "32000,100"})
    void waitsLongerAfterEachFailure(int failures, long millis) {
        assertThat(new Delays(Duration.ofMillis(10), Duration.ofMillis(100)).after(failures))
                .isEqualTo(Duration.ofMillis(millis));
    }

    @Test
    void doesNotGrowDownwards() {
        assertThatThrownBy(() -> new Delays(Duration.ofMillis(10), Duration.ofMillis(9)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void logsTheBeginningAndTheEnd(CapturedOutput output) {
        var backoff = new ExponentialBackoff(
                "The test's loop", new Delays(Duration.ofMillis(1), Duration.ofMillis(2)), new CountDownLatch(1));
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 5; i++) {
                backoff.failed(new IllegalStateException("no database"));
            }
            assertThat(backoff.isFailing()).isTrue();
            backoff.succeeded();
            backoff.succeeded();
            assertThat(backoff.isFailing()).isFalse();
        }

        assertThat(output.getOut().split("The test's loop fails and tries again", -1))
                .hasSize(1 + 2);
        assertThat(output.getOut().split("The test's loop works again", -1)).hasSize(1 + 2);
    }

    @Test
    void waitsNoLongerThanTheProcess() {
        var stopping = new CountDownLatch(1);
        var backoff = new ExponentialBackoff("loop", new Delays(Duration.ofHours(1), Duration.ofHours(1)), stopping);
        var waiting = CompletableFuture.runAsync(() -> backoff.failed(new IllegalStateException("no database")));

        stopping.countDown();

        assertThat(waiting).succeedsWithin(Duration.ofSeconds(10));
    }
}

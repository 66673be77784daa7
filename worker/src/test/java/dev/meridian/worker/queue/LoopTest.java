package dev.meridian.worker.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class LoopTest {

    private final CountDownLatch stopping = new CountDownLatch(1);

    @ParameterizedTest
    @CsvSource({"1,10", "2,20", "3,40", "4,80", "5,100", "10,100", "32000,100"})
    void waitsLongerAfterEachFailure(int failures, long millis) {
        assertThat(delays(Duration.ofMillis(10), Duration.ofMillis(100)).delayAfter(failures))
                .isEqualTo(Duration.ofMillis(millis));
    }

    @Test
    void delaysDoNotGrowDownwards() {
        assertThatThrownBy(() -> delays(Duration.ofMillis(10), Duration.ofMillis(9)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void logsTheBeginningAndTheEndOfFailures(CapturedOutput output) {
        var loop = new Loop("The test's loop", delays(Duration.ofMillis(1), Duration.ofMillis(2)), stopping);
        List<Boolean> failing = new ArrayList<>();

        loop.repeat(() -> {
            failing.add(loop.isFailing());
            if (failing.size() == 7) {
                stopping.countDown();
            } else if (failing.size() % 3 == 1) {
                throw new IllegalStateException("no database");
            } else if (failing.size() % 3 == 2) {
                throw new StackOverflowError();
            }
            loop.succeeded();
            loop.succeeded();
        });

        assertThat(failing).containsExactly(false, true, true, false, true, true, false);
        assertThat(output.getOut().split("The test's loop fails and tries again", -1))
                .hasSize(1 + 2);
        assertThat(output.getOut().split("The test's loop works again", -1)).hasSize(1 + 2);
    }

    @Test
    void waitsNoLongerThanTheProcess() {
        var loop = new Loop("loop", delays(Duration.ofHours(1), Duration.ofHours(1)), stopping);
        var waiting = CompletableFuture.runAsync(() -> loop.repeat(() -> {
            throw new IllegalStateException("no database");
        }));

        stopping.countDown();

        assertThat(waiting).succeedsWithin(Duration.ofSeconds(10));
    }

    private static QueueSettings delays(Duration first, Duration longest) {
        return Fixtures.settings(Duration.ZERO, first, longest);
    }
}

package dev.meridian.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class OpenLoopTest {

    @Test
    void aCallThatHangsHoldsNobodyUp() throws Exception {
        var others = new CountDownLatch(4);
        var heldUp = new AtomicLong();

        OpenLoop.run(new Schedule(System.nanoTime(), 1_000, 5), (n, due) -> {
            if (n == 0) {
                heldUp.set(others.await(30, TimeUnit.SECONDS) ? 0 : 1);
            } else {
                others.countDown();
            }
        });

        assertThat(heldUp).hasValue(0);
    }

    @Test
    void everyCallIsToldWhenItWasDueAndNoneComesBefore() throws Exception {
        var due = new ConcurrentSkipListMap<Long, Long>();
        var early = new AtomicLong();
        var schedule = new Schedule(System.nanoTime() + 1_000_000, 500, 20);

        var result = OpenLoop.run(schedule, (n, dueAt) -> {
            if (System.nanoTime() - dueAt < 0) {
                early.incrementAndGet();
            }
            due.put(n, dueAt);
        });

        assertThat(result.calls()).isEqualTo(20);
        assertThat(early).hasValue(0);
        assertThat(due).hasSize(20).allSatisfy((n, at) -> assertThat(at).isEqualTo(schedule.due(n)));
    }

    @Test
    void lateCallsAreMadeAtOnceAndKeepTheirTimes() throws Exception {
        long longAgo = System.nanoTime() - TimeUnit.HOURS.toNanos(1);
        var shortest = new AtomicLong(Long.MAX_VALUE);

        OpenLoop.run(
                new Schedule(longAgo, 10, 50),
                (n, due) -> shortest.accumulateAndGet(System.nanoTime() - due, Math::min));

        assertThat(shortest.get()).isGreaterThan(TimeUnit.MINUTES.toNanos(59));
    }

    @Test
    void failuresAreCountedAndOneIsKept() throws Exception {
        var result = OpenLoop.run(new Schedule(System.nanoTime(), 1_000, 10), (n, due) -> {
            if (n % 2 == 0) {
                throw new IOException("number " + n);
            }
        });

        assertThat(result.failures()).isEqualTo(5);
        assertThat(result.example()).isInstanceOf(IOException.class).hasMessageStartingWith("number ");
    }
}

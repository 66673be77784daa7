package dev.meridian.orders.order.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BreakerTest {

    private static final RuntimeException FAILURE = new IllegalStateException("Redis is away");

    private final AtomicBoolean away = new AtomicBoolean(true);
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final AtomicReference<Runnable> duringNewEpoch = new AtomicReference<>(() -> {});
    private final Breaker breaker = new Breaker(Duration.ofMillis(5), () -> ask("probe"), () -> {
        ask("epoch");
        duringNewEpoch.getAndSet(() -> {}).run();
    });

    private void ask(String what) {
        asked.add(what);
        if (away.get()) {
            throw FAILURE;
        }
    }

    @AfterEach
    void end() {
        breaker.close();
    }

    private void closes() {
        await().atMost(Duration.ofSeconds(10)).until(breaker::mayRead);
    }

    @Test
    void threeFailedReadsInARowOpenIt() {
        breaker.readFailed(FAILURE);
        breaker.readFailed(FAILURE);
        breaker.readSucceeded();
        breaker.readFailed(FAILURE);
        breaker.readFailed(FAILURE);
        assertThat(breaker.mayRead()).isTrue();

        breaker.readFailed(FAILURE);
        assertThat(breaker.mayRead()).isFalse();
        assertThat(breaker.mayWrite()).isFalse();
    }

    @Test
    void oneFailedWriteOpensIt() {
        breaker.writeFailed(FAILURE);
        assertThat(breaker.mayRead()).isFalse();
        assertThat(breaker.mayWrite()).isFalse();
    }

    @Test
    void itClosesByItselfWithANewEpochOnceRedisAnswers() {
        breaker.writeFailed(FAILURE);
        await().atMost(Duration.ofSeconds(10)).until(() -> asked.size() >= 3);
        assertThat(asked).containsOnly("probe");
        assertThat(breaker.mayRead()).isFalse();

        away.set(false);
        closes();
        assertThat(asked.getLast()).isEqualTo("epoch");
    }

    /** Whoever leaves a write out does so before the new epoch; whoever reads does so after it. */
    @Test
    void itTakesWritesBeforeTheNewEpochAndReadsAfterIt() {
        away.set(false);
        AtomicBoolean wrote = new AtomicBoolean();
        AtomicBoolean read = new AtomicBoolean(true);
        duringNewEpoch.set(() -> {
            wrote.set(breaker.mayWrite());
            read.set(breaker.mayRead());
        });

        breaker.writeFailed(FAILURE);
        closes();
        assertThat(wrote).isTrue();
        assertThat(read).isFalse();
    }

    @Test
    void aWriteThatFailsDuringTheNewEpochNeedsAnother() {
        away.set(false);
        duringNewEpoch.set(() -> breaker.writeFailed(FAILURE));

        breaker.writeFailed(FAILURE);
        closes();
        assertThat(asked.stream().filter("epoch"::equals)).hasSize(2);
    }
}

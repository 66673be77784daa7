package dev.meridian.orders.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.order.cache.SingleOrder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SubscriptionsTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final UUID order = UUID.randomUUID();
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Subscriptions subscriptions = new Subscriptions(
            new LiveSettings(SOON, SOON, Duration.ofSeconds(1), 3, 2, Duration.ofSeconds(5)), metrics);

    private Subscription open(UUID order) {
        return open(order, "alice");
    }

    private Subscription open(UUID order, String subject) {
        return (Subscription) subscriptions.open(order, subject);
    }

    private static SingleOrder confirmed(UUID order, String json) {
        return new SingleOrder(order, "alice", 2, json, true, false);
    }

    @Test
    void everySubscriptionOfTheOrderIsToldOnceAndNoOther() throws Exception {
        try (var first = open(order);
                var second = open(order)) {
            subscriptions.tell(confirmed(UUID.randomUUID(), "{}"));
            assertThat(first.finalOrder()).isNotDone();

            var waiting = CompletableFuture.supplyAsync(first.finalOrder()::join);
            subscriptions.tell(confirmed(order, "{}"));
            subscriptions.tell(confirmed(order, "told again"));

            assertThat(waiting.get(SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo(confirmed(order, "{}"));
            assertThat(second.finalOrder()).isCompletedWithValue(confirmed(order, "{}"));
            assertThat(first.ended()).isNotDone();
        }
        try (var other = open(order)) {
            assertThat(other.finalOrder()).isNotDone();
        }
    }

    @Test
    void noSubscriptionThatWasOpenBeforeTheTellingMissesIt() throws Exception {
        for (int round = 0; round < 2_000; round++) {
            UUID order = UUID.randomUUID();
            var together = new CyclicBarrier(2);
            try (var subscription = open(order)) {
                var neighbour = CompletableFuture.runAsync(() -> {
                    meet(together);
                    open(order).close();
                });
                meet(together);
                subscriptions.tell(confirmed(order, "{}"));
                assertThat(subscription.finalOrder()).isCompleted();
                neighbour.get(SOON.toSeconds(), TimeUnit.SECONDS);
            }
        }
        assertThat(subscriptions.awaited()).isEmpty();
        assertThat(openStreams()).isZero();
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(SOON.toSeconds(), TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void allEndWhenTheInstanceStopsAndLaterOnesAtOnce() {
        try (var waiting = open(order);
                var told = open(UUID.randomUUID())) {
            subscriptions.tell(confirmed(told.orderId(), "{}"));
            assertThat(told.ended()).isNotDone();

            subscriptions.endAll();

            assertThat(waiting.ended()).isCompleted();
            assertThat(waiting.finalOrder()).isNotDone();
            assertThat(told.ended()).isCompleted();
        }
        try (var late = open(order)) {
            assertThat(late.ended()).isCompleted();
        }
        assertThat(openStreams()).isZero();
    }

    @Test
    void theLimitsHoldAndAPlaceIsGivenBackOnce() {
        var first = open(order);
        var second = open(order);
        assertThat(subscriptions.open(order, "alice")).isEqualTo(Subscriptions.Refusal.SUBJECT_FULL);
        var others = open(order, "bob");
        assertThat(subscriptions.open(order, "bob")).isEqualTo(Subscriptions.Refusal.INSTANCE_FULL);

        first.close();
        first.close();
        assertThat(first.ended()).isCompleted();
        assertThat(second.ended()).isNotDone();
        assertThat(openStreams()).isEqualTo(2);
        var third = open(order);
        assertThat(subscriptions.open(order, "alice")).isEqualTo(Subscriptions.Refusal.SUBJECT_FULL);
        assertThat(subscriptions.open(order, "bob")).isEqualTo(Subscriptions.Refusal.INSTANCE_FULL);

        second.close();
        third.close();
        others.close();
        open(order, "bob").close();
        open(order, "bob").close();
        open(order, "bob").close();
        assertThat(openStreams()).isZero();
        assertThat(subscriptions.isAwaited(order)).isFalse();
    }

    @Test
    void onlyOpenOrdersThatAreWatchedAreAwaited() {
        UUID left = UUID.randomUUID();
        try (var subscription = open(order)) {
            open(left).close();
            assertThat(subscriptions.awaited()).containsExactly(order);
            assertThat(subscriptions.isAwaited(left)).isFalse();

            subscriptions.tell(confirmed(order, "{}"));
            assertThat(subscription.finalOrder()).isCompleted();
            assertThat(subscriptions.awaited()).isEmpty();
            assertThat(openStreams()).isEqualTo(1);
        }
    }

    private double openStreams() {
        return metrics.get("meridian.live.streams").gauge().value();
    }
}

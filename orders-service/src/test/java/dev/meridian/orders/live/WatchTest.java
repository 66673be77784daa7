package dev.meridian.orders.live;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WatchTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final UUID order = UUID.randomUUID();
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Watchers watchers =
            new Watchers(new LiveSettings(SOON, SOON, Duration.ofSeconds(1), 2, Duration.ofSeconds(5)), metrics);

    private Watch watch() {
        watchers.start();
        return ((Watchers.Entry.Admitted) watchers.watch(order)).watch();
    }

    private OrderVersion version(long number) {
        return new OrderVersion(order, number, number > 1, "alice", "{\"version\":" + number + "}");
    }

    @Test
    void itKeepsTheNewestVersionAndNoOther() throws InterruptedException {
        try (var watch = watch()) {
            for (long number = 1; number <= 10_000; number++) {
                watchers.tell(version(number));
            }
            watchers.tell(version(7));

            assertThat(watch.next(SOON)).isEqualTo(new Watch.Next.Changed(version(10_000)));
            assertThat(watch.next(Duration.ofMillis(1))).isEqualTo(new Watch.Next.Nothing());
        }
    }

    @Test
    void whatTheWatcherKnowsIsNotToldAgain() throws InterruptedException {
        try (var watch = watch()) {
            watchers.tell(version(2));
            watch.knows(version(2));
            watchers.tell(version(2));
            assertThat(watch.next(Duration.ofMillis(1))).isEqualTo(new Watch.Next.Nothing());

            watchers.tell(version(3));
            watch.knows(version(2));
            assertThat(watch.next(SOON)).isEqualTo(new Watch.Next.Changed(version(3)));
        }
    }

    @Test
    void whoWaitsIsWoken() throws Exception {
        try (var watch = watch()) {
            var next = CompletableFuture.supplyAsync(() -> next(watch));
            watchers.tell(version(1));
            assertThat(next.get(SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo(new Watch.Next.Changed(version(1)));

            next = CompletableFuture.supplyAsync(() -> next(watch));
            watchers.stop();
            assertThat(next.get(SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo(new Watch.Next.Ended());
        }
        assertThat(watchers.watch(order)).isEqualTo(new Watchers.Entry.Stopping());
        assertThat(open()).isZero();
    }

    private static Watch.Next next(Watch watch) {
        try {
            return watch.next(SOON);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void thereIsRoomForSoManyAndAPlaceIsGivenBackOnce() {
        var first = watch();
        var second = watch();
        assertThat(watchers.watch(order)).isEqualTo(new Watchers.Entry.TooMany());

        first.close();
        first.close();
        assertThat(open()).isEqualTo(1);
        var third = watch();
        assertThat(watchers.watch(order)).isEqualTo(new Watchers.Entry.TooMany());

        second.close();
        third.close();
        assertThat(open()).isZero();
        assertThat(watchers.watched(order)).isFalse();
    }

    @Test
    void onlyOrdersThatMayStillChangeAreLookedUp() {
        try (var watch = watch()) {
            assertThat(watchers.unsettled()).containsExactly(order);
            watch.knows(version(1));
            assertThat(watchers.unsettled()).containsExactly(order);
            watchers.tell(version(2));
            assertThat(watchers.unsettled()).isEmpty();
        }
    }

    private double open() {
        return metrics.get("meridian.live.streams").gauge().value();
    }
}

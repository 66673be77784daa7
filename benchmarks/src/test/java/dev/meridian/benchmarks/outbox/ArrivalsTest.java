package dev.meridian.benchmarks.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ArrivalsTest {

    private static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");

    private final UUID order = UUID.randomUUID();
    private final Arrivals arrivals = new Arrivals();

    @Test
    void eventsInOrderRaiseNoAlarm() {
        arrivals.arrive(new Event(order, 0), NOON);
        arrivals.arrive(new Event(UUID.randomUUID(), 0), NOON);
        arrivals.arrive(new Event(order, 1), NOON.plusSeconds(1));

        assertThat(arrivals.distinct()).isEqualTo(3);
        assertThat(arrivals.overtaken()).isZero();
        assertThat(arrivals.repeated()).isZero();
        assertThat(arrivals.latest()).isEqualTo(NOON.plusSeconds(1));
    }

    @Test
    void anEventBeforeItsPredecessorHasOvertakenIt() {
        arrivals.arrive(new Event(order, 1), NOON);
        arrivals.arrive(new Event(order, 0), NOON);

        assertThat(arrivals.overtaken()).isEqualTo(1);
    }

    @Test
    void aRepetitionKeepsTheFirstArrivalAndIsLateAfterASuccessor() {
        arrivals.arrive(new Event(order, 0), NOON);
        arrivals.arrive(new Event(order, 0), NOON.plusSeconds(1));
        arrivals.arrive(new Event(order, 1), NOON.plusSeconds(2));
        arrivals.arrive(new Event(order, 0), NOON.plusSeconds(3));

        assertThat(arrivals.distinct()).isEqualTo(2);
        assertThat(arrivals.repeated()).isEqualTo(2);
        assertThat(arrivals.repeatedLate()).isEqualTo(1);
        assertThat(arrivals.overtaken()).isZero();
        assertThat(arrivals.first(new Event(order, 0))).isEqualTo(NOON);
        assertThat(arrivals.latest()).isEqualTo(NOON.plusSeconds(2));
    }

    @Test
    void waitingEnds() throws Exception {
        assertThat(arrivals.await(1, Duration.ofMillis(30))).isFalse();
        arrivals.arrive(new Event(order, 0), NOON);
        assertThat(arrivals.await(1, Duration.ofMillis(30))).isTrue();
    }

    @Test
    void anEventIsReadAsItWasWritten() {
        var event = new Event(order, 17);

        assertThat(Event.of(order.toString(), event.json())).isEqualTo(event);
        assertThat(Event.of(order.toString(), "{\"orderId\":\"x\"}")).isEqualTo(new Event(order, 0));
    }

    @Test
    void pairsAreTwoEventsOfEveryOrderInOrder() {
        assertThat(Event.pairs(4)).extracting(Event::sequence).containsExactly(0, 0, 1, 1);
        assertThat(Event.pairs(4).stream().map(Event::key).distinct()).hasSize(2);
    }
}

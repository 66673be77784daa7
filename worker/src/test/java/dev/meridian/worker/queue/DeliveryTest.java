package dev.meridian.worker.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.transaction.CannotCreateTransactionException;

class DeliveryTest {

    private static final int FAILURES = 4;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    @Test
    void acceptsWhatWasHandled() {
        assertThat(delivery(_ -> {}).deliver(record("known"))).isEqualTo(AcknowledgeType.ACCEPT);
    }

    @Test
    void passesOverATypeItDoesNotKnow() {
        Delivery delivery = delivery(_ -> {
            throw new AssertionError("not for this handler");
        });

        assertThat(delivery.deliver(record("unknown"))).isEqualTo(AcknowledgeType.ACCEPT);
        assertThat(meters.counter("meridian.queue.unknown.types").count()).isEqualTo(1);
    }

    @Test
    void rejectsWhatIsNoEvent() {
        Delivery delivery = delivery(_ -> {
            throw new UnreadableEvent("garbage");
        });

        assertThat(delivery.deliver(record("known"))).isEqualTo(AcknowledgeType.REJECT);
        assertThat(delivery.deliver(record(null))).isEqualTo(AcknowledgeType.REJECT);
        assertThat(delivery.deliver(record(""))).isEqualTo(AcknowledgeType.REJECT);
    }

    @Test
    void releasesAFailedEventAfterARest() {
        Delivery delivery = delivery(_ -> {
            throw new IllegalStateException("this order's own fault");
        });
        delivery.deliver(record("known"));
        delivery.deliver(record("known"));

        long start = System.nanoTime();
        assertThat(delivery.deliver(record("known"))).isEqualTo(AcknowledgeType.RELEASE);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(40));
    }

    /** A worker that is killed uses deliveries up without a failure. */
    @Test
    void givesAnEventUpAfterSoManyFailuresWhateverTheBrokerCounts() {
        Delivery delivery = delivery(_ -> {
            throw new IllegalStateException("this order's own fault");
        });
        for (int i = 1; i < FAILURES; i++) {
            assertThat(delivery.deliver(record("known", i + 15))).isEqualTo(AcknowledgeType.RELEASE);
        }

        assertThat(delivery.deliver(record("known", FAILURES + 15))).isEqualTo(AcknowledgeType.REJECT);
        assertThat(delivery.deliver(record("known"))).as("it is forgotten then").isEqualTo(AcknowledgeType.RELEASE);
    }

    @Test
    void forgetsTheFailuresOfWhatWasHandled() {
        var attempts = new AtomicInteger();
        Delivery delivery = delivery(_ -> {
            if (attempts.incrementAndGet() % FAILURES != 0) {
                throw new IllegalStateException("this order's own fault, now and then");
            }
        });
        for (int i = 1; i <= 3 * FAILURES; i++) {
            assertThat(delivery.deliver(record("known")))
                    .isEqualTo(i % FAILURES == 0 ? AcknowledgeType.ACCEPT : AcknowledgeType.RELEASE);
        }
    }

    @Test
    void holdsAnEventThroughAnOutage() {
        var attempts = new AtomicInteger();
        Delivery delivery = delivery(_ -> {
            if (attempts.incrementAndGet() < 20) {
                throw new DataAccessResourceFailureException("no database");
            }
        });

        assertThat(delivery.deliver(record("known"))).isEqualTo(AcknowledgeType.ACCEPT);
        assertThat(attempts).hasValue(20);
    }

    @Test
    void releasesWhatItHoldsWhenItStops() {
        Delivery delivery = delivery(_ -> {
            throw new QueryTimeoutException("no database");
        });
        var held = CompletableFuture.supplyAsync(() -> delivery.deliver(record("known")));
        await().until(() -> meters.get("meridian.queue.held.up").gauge().value() == 1);

        delivery.stop();

        assertThat(held).succeedsWithin(Duration.ofSeconds(1)).isEqualTo(AcknowledgeType.RELEASE);
    }

    @ParameterizedTest
    @CsvSource({"1,10", "2,20", "3,40", "4,80", "5,100", "10,100", "32000,100"})
    void restsLongerAfterEachFailure(int failures, long millis) {
        assertThat(settings().delayAfter(failures)).isEqualTo(Duration.ofMillis(millis));
    }

    @Test
    void anOutageIsWhatSaysNothingOfTheEvent() {
        assertThat(Outage.is(new Outage("no broker", new RuntimeException()))).isTrue();
        assertThat(Outage.is(new DataAccessResourceFailureException("no connection")))
                .isTrue();
        assertThat(Outage.is(new CannotCreateTransactionException("no connection")))
                .isTrue();
        assertThat(Outage.is(new QueryTimeoutException("too slow"))).isTrue();
        assertThat(Outage.is(new DataIntegrityViolationException("a broken constraint")))
                .isFalse();
        assertThat(Outage.is(new IllegalStateException("anything"))).isFalse();
    }

    private Delivery delivery(Consumer<ConsumerRecord<String, byte[]>> handling) {
        EventHandler handler = new EventHandler() {
            @Override
            public String topic() {
                return "topic";
            }

            @Override
            public String type() {
                return "known";
            }

            @Override
            public void handle(ConsumerRecord<String, byte[]> record) {
                handling.accept(record);
            }
        };
        return new Delivery(List.of(handler), settings(), meters, ObservationRegistry.NOOP);
    }

    private static QueueSettings settings() {
        Duration soon = Duration.ofSeconds(1);
        return new QueueSettings(
                "group",
                Map.of("topic", 1),
                0,
                1,
                FAILURES,
                Duration.ofMillis(10),
                Duration.ofMillis(100),
                Duration.ofMillis(5),
                soon,
                soon);
    }

    private static ConsumerRecord<String, byte[]> record(@Nullable String type) {
        return record(type, 1);
    }

    private static ConsumerRecord<String, byte[]> record(@Nullable String type, int deliveries) {
        var headers = new RecordHeaders();
        if (type != null) {
            headers.add("ce_type", type.getBytes(StandardCharsets.UTF_8));
        }
        return new ConsumerRecord<>(
                "topic",
                0,
                0,
                0,
                TimestampType.CREATE_TIME,
                0,
                0,
                "key",
                new byte[0],
                headers,
                Optional.empty(),
                Optional.of((short) deliveries));
    }
}

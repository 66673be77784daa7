package dev.meridian.orders.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.reset;
import static org.mockito.Mockito.verifyNoInteractions;
import static org.mockito.Mockito.when;

import dev.meridian.orders.Api;
import dev.meridian.orders.Feed;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.topology.Backlog;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.SmartLifecycle;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.json.JsonMapper;

@RunningService
class ReemissionTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration AFTER = Duration.ofMinutes(10);
    private static final String OLDEST = "meridian.orders.oldest.placed";

    private final Orders orders;
    private final OrderService service;
    private final TransactionTemplate transaction;
    private final JsonMapper json;
    private final JdbcClient jdbc;
    private final SmartLifecycle relay;
    private final Backlog backlog = mock(); // the real one is TopologyTest's; empty until a test says otherwise
    private final Feed placed;
    private final String customer = "customer-" + UUID.randomUUID();
    private @Nullable Reemission looking; // which its gauge does not keep
    private Api api = new Api(0);

    @Autowired
    ReemissionTest(
            Orders orders,
            OrderService service,
            TransactionTemplate transaction,
            JsonMapper json,
            JdbcClient jdbc,
            @Qualifier("outboxRelay") SmartLifecycle relay) {
        this.orders = orders;
        this.service = service;
        this.transaction = transaction;
        this.json = json;
        this.jdbc = jdbc;
        this.relay = relay;
        this.placed = new Feed(OrderPlaced.TOPIC);
    }

    /** Other tests leave orders behind; for the length of this one they count as seen to. */
    @BeforeEach
    void alone(@LocalServerPort int port) {
        api = new Api(port);
        jdbc.sql("UPDATE orders SET attended_at = 'infinity' WHERE status = 'PLACED'")
                .update();
    }

    @AfterEach
    void disconnect() {
        placed.close();
        jdbc.sql("UPDATE orders SET attended_at = NULL WHERE attended_at = 'infinity'")
                .update();
    }

    /** One instance's, at a moment that much later than now. */
    private Reemission later(Duration later, int batch) {
        return later(later, batch, new SimpleMeterRegistry());
    }

    private Reemission later(Duration later, int batch, MeterRegistry metrics) {
        return new Reemission(
                orders,
                service,
                backlog,
                Clock.offset(Clock.systemUTC(), later),
                new ReemissionSettings(AFTER, Duration.ofHours(1), batch),
                metrics);
    }

    private int reemitLater(Duration later) throws Exception {
        return later(later, 100).reemit();
    }

    private String place() {
        return api.place(customer, Api.order("TEA-001", 3)).json().at("/id").asString();
    }

    /** An order whose event has left the outbox. */
    private String placeAndTell() {
        String id = place();
        await().atMost(SOON).until(() -> waitingInTheOutbox(id) == 0);
        return id;
    }

    private List<ConsumerRecord<String, String>> published(int atLeast, String id) {
        return placed.await(atLeast, SOON, record -> record.key().equals(id));
    }

    @Test
    void anOrderThatWaitsIsEmittedAgainAsItWas() throws Exception {
        String id = placeAndTell();
        assertThat(published(1, id)).hasSize(1);

        assertThat(reemitLater(AFTER.minusMinutes(1))).isZero();
        assertThat(reemitLater(AFTER.plusMinutes(1))).isEqualTo(1);

        List<ConsumerRecord<String, String>> events = published(2, id);
        assertThat(events).hasSize(2);
        assertThat(json.readTree(events.get(1).value()))
                .isEqualTo(json.readTree(events.get(0).value()));
        assertThat(Feed.header(events.get(1), "ce_type")).isEqualTo("dev.meridian.order.placed");
        assertThat(Feed.header(events.get(1), "ce_id")).isNotEqualTo(Feed.header(events.get(0), "ce_id"));
    }

    @Test
    void itIsEmittedOnceInEachPeriodAsLongAsItWaits() throws Exception {
        String id = placeAndTell();

        assertThat(reemitLater(AFTER.plusMinutes(1))).isEqualTo(1);
        assertThat(reemitLater(AFTER.plusMinutes(2))).isZero();
        assertThat(reemitLater(AFTER.multipliedBy(2))).isZero();
        await().atMost(SOON).until(() -> waitingInTheOutbox(id) == 0);
        assertThat(reemitLater(AFTER.multipliedBy(2).plusMinutes(2))).isEqualTo(1);
    }

    @Test
    void whatIsSettledOrCancelledWaitsNoMore() throws Exception {
        String cancelled = placeAndTell();
        String settled = placeAndTell();
        api.cancel(customer, cancelled);
        jdbc.sql("UPDATE orders SET status = 'CONFIRMED', version = 2 WHERE id = ?::uuid")
                .param(settled)
                .update();

        assertThat(reemitLater(AFTER.plusMinutes(1))).isZero();
    }

    @Test
    void anOrderThatTheQueueGaveUpOnWaitsForAnOperatorUntilItIsRedriven() throws Exception {
        UUID id = UUID.fromString(placeAndTell());
        deadLetter(id, 1);

        assertThat(reemitLater(AFTER.plusMinutes(1))).isZero();
        jdbc.sql("UPDATE dead_letters SET redriven_at = now() WHERE order_id = ?")
                .param(id)
                .update();
        assertThat(reemitLater(AFTER.multipliedBy(3))).isEqualTo(1);
        await().atMost(SOON).until(() -> waitingInTheOutbox(id.toString()) == 0);
        deadLetter(id, 2);
        assertThat(reemitLater(AFTER.multipliedBy(5))).isZero();
    }

    @Test
    void anEventThatHasNotLeftYetIsNotLost() throws Exception {
        relay.stop();
        String id;
        try {
            id = place();
            assertThat(reemitLater(AFTER.plusMinutes(1))).isZero();
        } finally {
            relay.start();
        }

        assertThat(published(1, id)).hasSize(1);
        await().atMost(SOON).until(() -> waitingInTheOutbox(id) == 0);
        assertThat(reemitLater(AFTER.multipliedBy(3))).isEqualTo(1);
    }

    @Test
    void nothingIsEmittedWhileTheQueueIsNotEmptyOrDoesNotAnswer() throws Exception {
        String id = placeAndTell();
        when(backlog.waiting(any())).thenReturn(1L);
        assertThat(reemitLater(AFTER.plusMinutes(1))).isZero();
        when(backlog.waiting(any())).thenThrow(new TimeoutException("the broker does not answer"));
        assertThatThrownBy(() -> reemitLater(AFTER.plusMinutes(1))).isInstanceOf(TimeoutException.class);
        later(AFTER.plusMinutes(1), 100).reemitRegularly();
        assertThat(waitingInTheOutbox(id)).isZero();

        reset(backlog);
        assertThat(reemitLater(AFTER.plusMinutes(1)))
                .as("it counts as not seen to")
                .isEqualTo(1);
    }

    @Test
    void theQueueIsAskedOnlyWhereAnOrderWaits() throws Exception {
        placeAndTell();

        assertThat(reemitLater(AFTER.minusMinutes(1))).isZero();
        verifyNoInteractions(backlog);
    }

    private int waitingInTheOutbox(String id) {
        return jdbc.sql("SELECT count(*) FROM outbox WHERE order_id = ?::uuid")
                .param(id)
                .query(Integer.class)
                .single();
    }

    private void deadLetter(UUID id, long position) {
        jdbc.sql("""
                INSERT INTO dead_letters (topic, partition, position, origin_topic, order_id, headers, died_at)
                VALUES (?, 0, ?, 'orders.placed', ?, '{}', now())""").params("test-" + customer, position, id).update();
    }

    @Test
    void oneLookIsBoundedAndTakesThoseFirstThatWaitedLongest() throws Exception {
        String first = placeAndTell();
        placeAndTell();
        placeAndTell();
        published(1, first);

        assertThat(later(AFTER.plusMinutes(1), 1).reemit()).isEqualTo(1);
        assertThat(published(2, first)).hasSize(2);
        assertThat(later(AFTER.plusMinutes(1), 1).reemit()).isEqualTo(1);
        assertThat(later(AFTER.plusMinutes(1), 5).reemit()).isEqualTo(1);
        assertThat(published(2, first)).hasSize(2);
    }

    @Test
    void severalInstancesShareTheOrdersWithoutDoubleWork() throws Exception {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            ids.add(place());
        }
        await().atMost(SOON).until(() -> ids.stream().allMatch(id -> waitingInTheOutbox(id) == 0));

        List<Future<Integer>> instances = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 4; i++) {
                instances.add(threads.submit(() -> {
                    int emitted = 0;
                    for (int look = 0; look < 10; look++) {
                        emitted += later(AFTER.plusMinutes(1), 3).reemit();
                    }
                    return emitted;
                }));
            }
        }
        int emitted = 0;
        for (Future<Integer> instance : instances) {
            emitted += instance.get();
        }

        assertThat(emitted + reemitLater(AFTER.plusMinutes(1))).isEqualTo(20);
        assertThat(placed.await(40, SOON, record -> ids.contains(record.key()))).hasSize(40);
        assertThat(placed.await(41, Duration.ofMillis(300), record -> ids.contains(record.key())))
                .hasSize(40);
    }

    @Test
    void theAgeOfTheOldestOrderThatWaitsIsShownInSeconds(@Autowired MeterRegistry ofTheService) throws Exception {
        String id = placeAndTell();
        double year = Duration.ofDays(365).toSeconds();
        jdbc.sql("UPDATE orders SET placed_at = now() - interval '365 days' WHERE id = ?::uuid")
                .param(id)
                .update();

        assertThat(ageOfOldest()).isBetween(year, year + Duration.ofHours(1).toSeconds());
        api.cancel(customer, id);
        assertThat(ageOfOldest()).isLessThan(year);
        assertThat(ofTheService.get(OLDEST).gauge().getId().getBaseUnit()).isEqualTo("seconds");
    }

    /** In a transaction that sees no placed order, and is undone. */
    @Test
    void itIsZeroWhereNoneWaits() {
        transaction.executeWithoutResult(status -> {
            status.setRollbackOnly();
            jdbc.sql("UPDATE orders SET status = 'CANCELLED' WHERE status = 'PLACED'")
                    .update();

            assertThat(ageOfOldest()).isZero();
        });
    }

    private double ageOfOldest() {
        var metrics = new SimpleMeterRegistry();
        looking = later(Duration.ZERO, 100, metrics);
        assertThatCode(looking::reemit).doesNotThrowAnyException();
        return metrics.get(OLDEST).gauge().value();
    }
}

package dev.meridian.orders.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.meridian.orders.Api;
import dev.meridian.orders.Feed;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.core.ProducerFactory;
import org.springframework.transaction.support.TransactionTemplate;

@RunningService
class OutboxRelayTest {

    private static final String PLACED = "orders.placed";
    private static final String CANCELLED = "orders.cancelled";
    private static final Duration SOON = Duration.ofSeconds(30);

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final Outbox outbox;
    private final JdbcTemplate template;
    private final OutboxRelay relay;
    private final EventPublisher publisher;
    private final ProducerFactory<String, String> producers;
    private final Feed placed;
    private final Feed cancelled;

    @Autowired
    OutboxRelayTest(
            JdbcClient jdbc,
            TransactionTemplate transaction,
            Outbox outbox,
            JdbcTemplate template,
            OutboxRelay relay,
            EventPublisher publisher,
            ProducerFactory<String, String> producers) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.outbox = outbox;
        this.template = template;
        this.relay = relay;
        this.publisher = publisher;
        this.producers = producers;
        this.placed = new Feed(PLACED);
        this.cancelled = new Feed(CANCELLED);
    }

    /** Nothing is published that a test does not ask for. */
    @BeforeEach
    void quiet() {
        relay.stop();
        await().atMost(SOON).until(() -> {
            age();
            another(publisher).publishLeft();
            return waiting() == 0;
        });
    }

    @AfterEach
    void resume() {
        placed.close();
        cancelled.close();
        relay.start();
    }

    @Test
    void aPlacedOrderLeavesFromMemoryWithItsTrace(@LocalServerPort int port) {
        relay.start();
        Api api = new Api(port);
        String trace = "4bf92f3577b34da6a3ce929d0e0e4736";

        String id = api.send(
                        api.post(Api.order("TEA-001", 2))
                                .header("Idempotency-Key", "key-" + UUID.randomUUID())
                                .header("traceparent", "00-" + trace + "-00f067aa0ba902b7-01"),
                        Tokens.of("alice"))
                .json()
                .at("/id")
                .asString();

        ConsumerRecord<String, String> published = only(placed, id);
        assertThat(Feed.header(published, "ce_type")).isEqualTo("dev.meridian.order.placed");
        assertThat(Feed.header(published, "traceparent")).startsWith("00-" + trace);
        assertThat(published.value())
                .contains("\"paymentToken\":\"tok_ok\"")
                .contains("{\"sku\":\"TEA-001\",\"quantity\":2}");
        await("its row is deleted").atMost(SOON).until(() -> waiting() == 0);
    }

    @Test
    void severalRelaysShareWhatWasLeftWithoutDoubles() {
        int events = 2_000;
        Set<String> ours = leave(events);

        try (var relays = Executors.newFixedThreadPool(3)) {
            for (int i = 0; i < 3; i++) {
                relays.submit(() -> {
                    OutboxRelay another = another(publisher);
                    while (waiting() > 0) {
                        another.publishLeft();
                    }
                });
            }
        }

        List<ConsumerRecord<String, String>> published =
                placed.await(events + 1, Duration.ofSeconds(5), record -> ours.contains(record.key()));
        assertThat(published).hasSize(events);
        assertThat(published.stream().map(ConsumerRecord::key).distinct()).hasSize(events);
    }

    @Test
    void aYoungEventBelongsToItsWriter() {
        UUID id = UUID.randomUUID();
        append(List.of(event(PLACED, id, "placement"), event(CANCELLED, id, "cancellation")));

        assertThat(another(publisher).publishLeft()).isZero();

        age();
        assertThat(another(publisher).publishLeft())
                .as("its writer has left them behind")
                .isEqualTo(2);
        assertThat(only(placed, id.toString()).value()).isEqualTo("placement");
        assertThat(only(cancelled, id.toString()).value()).isEqualTo("cancellation");
        assertThat(another(publisher).publishLeft()).isZero();
    }

    @Test
    void whatTheBrokerDidNotAcknowledgeStays() {
        // No broker listens there: the send fails once the producer has waited for max.block.ms.
        var nowhere = new DefaultKafkaProducerFactory<String, String>(producers.getConfigurationProperties());
        nowhere.updateConfigs(Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, "127.0.0.1:1", ProducerConfig.MAX_BLOCK_MS_CONFIG, "200"));
        var cutOff = new EventPublisher(new KafkaTemplate<>(nowhere));
        leave(100);
        List<OutboxEvent> events = committed(200);

        var metrics = new SimpleMeterRegistry();
        OutboxRelay without = another(cutOff, 1_000, metrics);
        assertThatThrownBy(without::publishLeft).isInstanceOf(EventPublisher.EventNotPublished.class);
        events.forEach(event -> without.offer(List.of(event)));
        without.start();
        await("none of 200 waits for the time-out of another").atMost(SOON).until(() -> left(metrics) == 200);
        without.stop();
        assertThat(waiting()).isEqualTo(300);

        age();
        OutboxRelay with = another(publisher);
        assertThat(IntStream.range(0, 4).map(n -> with.publishLeft())).containsExactly(100, 100, 100, 0);
        assertThat(waiting()).isZero();
        only(placed, events.getFirst().orderId().toString());
        nowhere.destroy();
    }

    @Test
    void whatDoesNotFitIntoMemoryIsLeftInTheTable() {
        List<OutboxEvent> events = committed(320);
        var metrics = new SimpleMeterRegistry();
        OutboxRelay small = another(publisher, 300, metrics);

        events.forEach(event -> small.offer(List.of(event))); // it does not run yet
        assertThat(left(metrics)).isEqualTo(20);
        small.start();
        small.stop();

        assertThat(waiting())
                .as("three batches leave, though the relay is told to stop at once")
                .isEqualTo(20);
        age();
        assertThat(another(publisher).publishLeft()).isEqualTo(20);
        Set<String> ours = ids(events);
        assertThat(placed.await(321, Duration.ofSeconds(2), record -> ours.contains(record.key())))
                .hasSize(320);
    }

    @Test
    void anEventLeavesRightAfterItsCommitAndOneThatAnInstanceLeftBehindIsFound() {
        UUID before = UUID.randomUUID();
        append(List.of(event(CANCELLED, before, "committed while the relay does not run")));
        relay.start();
        only(cancelled, before.toString());
        UUID told = UUID.randomUUID();
        append(List.of(event(CANCELLED, told, "told")));
        only(cancelled, told.toString());

        UUID left = UUID.randomUUID();
        jdbc.sql("""
                INSERT INTO outbox (order_id, topic, type, payload, created_at) VALUES (?, ?, 'test', 'left', now())""").params(left, CANCELLED).update();
        only(cancelled, left.toString());
    }

    /** Every deleted row stays in the table and its indexes for as long as a session may still see it. */
    @Test
    void anOldSnapshotSlowsNeitherWayDown(@Autowired DataSource database) throws SQLException {
        int events = 20_000;
        try (Connection old = database.getConnection()) {
            old.setAutoCommit(false);
            old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            old.createStatement().executeQuery("SELECT count(*) FROM outbox").close();

            relay.start();
            Duration slowest = Duration.ZERO;
            Set<String> ours = new HashSet<>();
            for (int n = 0; n < events; n += 500) {
                long begun = System.nanoTime();
                List<OutboxEvent> batch = committed(500);
                ours.addAll(ids(batch));
                outbox.committed(batch);
                await().atMost(SOON).pollInterval(Duration.ofMillis(5)).until(() -> gone(batch));
                Duration took = Duration.ofNanos(System.nanoTime() - begun);
                slowest = took.compareTo(slowest) > 0 ? took : slowest;
            }
            assertThat(slowest).as("500 events, from commit to deletion").isLessThan(Duration.ofSeconds(4));
            assertThat(placed.await(events, SOON, record -> ours.contains(record.key())))
                    .hasSize(events);
            relay.stop();

            long dead = jdbc.sql("SELECT pg_relation_size('outbox')")
                    .query(Long.class)
                    .single();
            assertThat(dead)
                    .as("the dead rows are still there, each of more than 64 bytes")
                    .isGreaterThan(events * 64L);
            String id = leave(1).iterator().next();
            long begun = System.nanoTime();
            assertThat(another(publisher).publishLeft()).isEqualTo(1);
            assertThat(another(publisher).publishLeft()).isZero();
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(2));
            only(placed, id);
            old.rollback();
        }
    }

    @Test
    void anEventIsOnlyWrittenInsideTheTransactionOfWhatItTells() {
        assertThatThrownBy(() -> outbox.append(List.of(event(CANCELLED, UUID.randomUUID(), "stray"))))
                .isInstanceOf(org.springframework.transaction.IllegalTransactionStateException.class);
    }

    @Test
    void anEventThatIsRolledBackIsNotPublished() {
        relay.start();
        UUID id = UUID.randomUUID();
        UUID next = UUID.randomUUID();
        transaction.executeWithoutResult(status -> {
            outbox.append(List.of(event(PLACED, id, "undone")));
            status.setRollbackOnly();
        });
        append(List.of(event(PLACED, next, "done")));

        only(placed, next.toString());
        assertThat(placed.await(1, Duration.ofSeconds(1), record -> record.key().equals(id.toString())))
                .isEmpty();
    }

    private OutboxRelay another(EventPublisher publisher) {
        return another(publisher, 1, new SimpleMeterRegistry());
    }

    /** The relay of another instance. */
    private OutboxRelay another(EventPublisher publisher, int capacity, MeterRegistry metrics) {
        return new OutboxRelay(template, transaction, publisher, settings(capacity), Clock.systemUTC(), metrics);
    }

    private static OutboxSettings settings(int capacity) {
        return new OutboxSettings(100, capacity, Duration.ofMillis(50));
    }

    private static double left(MeterRegistry metrics) {
        return metrics.get("meridian.outbox.left").counter().count();
    }

    private static Outbox.Event event(String topic, UUID id, String payload) {
        return new Outbox.Event(id, topic, "test", payload);
    }

    private void append(List<Outbox.Event> events) {
        transaction.executeWithoutResult(status -> outbox.append(events));
    }

    /** Placements whose rows have committed, and of which no relay was told. */
    private List<OutboxEvent> committed(int count) {
        List<Outbox.Event> events = IntStream.range(0, count)
                .mapToObj(n -> event(PLACED, UUID.randomUUID(), "{\"n\":" + n + "}"))
                .toList();
        return transaction.execute(status -> outbox.insert(events));
    }

    /** Placements that an instance left behind. */
    private Set<String> leave(int count) {
        List<OutboxEvent> events = committed(count);
        age();
        return ids(events);
    }

    private static Set<String> ids(List<OutboxEvent> events) {
        return events.stream().map(event -> event.orderId().toString()).collect(Collectors.toSet());
    }

    /** Makes every row so old that its writer's claim on it is over. */
    private void age() {
        jdbc.sql("UPDATE outbox SET created_at = created_at - interval '1 minute'")
                .update();
    }

    private boolean gone(List<OutboxEvent> events) {
        return jdbc.sql("SELECT NOT EXISTS (SELECT FROM outbox WHERE id BETWEEN ? AND ?)")
                .params(events.getFirst().id(), events.getLast().id())
                .query(Boolean.class)
                .single();
    }

    private ConsumerRecord<String, String> only(Feed feed, String key) {
        List<ConsumerRecord<String, String>> published =
                feed.await(1, SOON, record -> record.key().equals(key));
        assertThat(published).hasSize(1);
        return published.getFirst();
    }

    private int waiting() {
        return jdbc.sql("SELECT count(*) FROM outbox").query(Integer.class).single();
    }
}

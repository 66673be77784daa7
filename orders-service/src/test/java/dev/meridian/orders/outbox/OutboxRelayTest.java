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
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.web.server.LocalServerPort;
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
    private final OutboxTable table;
    private final DirectRelay direct;
    private final PollingRelay polling;
    private final EventPublisher publisher;
    private final ProducerFactory<String, String> producers;
    private final Feed placed;
    private final Feed cancelled;

    @Autowired
    OutboxRelayTest(
            JdbcClient jdbc,
            TransactionTemplate transaction,
            Outbox outbox,
            OutboxTable table,
            DirectRelay direct,
            PollingRelay polling,
            EventPublisher publisher,
            ProducerFactory<String, String> producers,
            @Value("${spring.kafka.bootstrap-servers}") String bootstrapServers) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.outbox = outbox;
        this.table = table;
        this.direct = direct;
        this.polling = polling;
        this.publisher = publisher;
        this.producers = producers;
        this.placed = new Feed(bootstrapServers, PLACED);
        this.cancelled = new Feed(bootstrapServers, CANCELLED);
    }

    /** Nothing is published that a test does not ask for. */
    @BeforeEach
    void quiet() {
        direct.stop();
        polling.stop();
        await().atMost(SOON).until(() -> {
            age();
            relay(publisher).relay(0);
            return waiting() == 0;
        });
    }

    @AfterEach
    void resume() {
        placed.close();
        cancelled.close();
        direct.start();
        polling.start();
    }

    @Test
    void aPlacedOrderLeavesFromMemoryWithItsTrace(@LocalServerPort int port) {
        direct.start();
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
    void severalRelaysShareTheWorkWithoutDoublesAndKeepEachOrdersOrder() {
        int orders = 400;
        int events = 5;
        List<UUID> ids =
                IntStream.range(0, orders).mapToObj(i -> UUID.randomUUID()).toList();
        Set<String> ours = new HashSet<>(ids.stream().map(UUID::toString).toList());
        for (int n = 0; n < events; n++) {
            String payload = Integer.toString(n);
            append(ids.stream().map(id -> event(CANCELLED, id, payload)).toList());
        }

        try (var relays = Executors.newFixedThreadPool(3)) {
            for (int i = 0; i < 3; i++) {
                relays.submit(() -> {
                    PollingRelay relay = relay(publisher);
                    while (waiting() > 0) {
                        relay.relay(0);
                    }
                });
            }
        }

        List<ConsumerRecord<String, String>> published =
                cancelled.await(orders * events + 1, Duration.ofSeconds(5), record -> ours.contains(record.key()));
        assertThat(published).hasSize(orders * events);
        for (UUID id : ids) {
            assertThat(published.stream()
                            .filter(record -> record.key().equals(id.toString()))
                            .map(ConsumerRecord::value))
                    .containsExactly("0", "1", "2", "3", "4");
        }
    }

    @Test
    void aCancellationIsNotPublishedWhileTheRowOfItsPlacementExists() {
        UUID id = UUID.randomUUID();
        append(List.of(event(PLACED, id, "placement")));
        append(List.of(event(CANCELLED, id, "cancellation")));

        assertThat(relay(publisher).relay(0))
                .as("the placement is young, so it belongs to its writer")
                .isZero();

        age();
        assertThat(relay(publisher).relay(0))
                .as("its writer has left it behind")
                .isEqualTo(1);
        assertThat(only(placed, id.toString()).value()).isEqualTo("placement");
        assertThat(relay(publisher).relay(0)).isEqualTo(1);
        assertThat(only(cancelled, id.toString()).value()).isEqualTo("cancellation");
        assertThat(relay(publisher).relay(0)).isZero();
    }

    @Test
    void whatTheBrokerDidNotAcknowledgeStays() {
        // No broker listens there: the send fails once the producer has waited for max.block.ms.
        var nowhere = new DefaultKafkaProducerFactory<String, String>(producers.getConfigurationProperties());
        nowhere.updateConfigs(Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, "127.0.0.1:1", ProducerConfig.MAX_BLOCK_MS_CONFIG, "200"));
        var cutOff = new EventPublisher(new KafkaTemplate<>(nowhere));
        UUID id = UUID.randomUUID();
        append(IntStream.range(0, 100)
                .mapToObj(n -> event(CANCELLED, n == 0 ? id : UUID.randomUUID(), "patient"))
                .toList());
        List<OutboxEvent> placements = committed(200);

        assertThatThrownBy(() -> relay(cutOff).relay(0)).isInstanceOf(EventPublisher.EventNotPublished.class);
        var metrics = new SimpleMeterRegistry();
        DirectRelay directly = directly(cutOff, 1_000, metrics);
        placements.forEach(directly::offer);
        directly.start();
        await("none of 200 waits for the time-out of another").atMost(SOON).until(() -> left(metrics) == 200);
        directly.stop();
        assertThat(waiting()).isEqualTo(300);

        age();
        assertThat(relay(publisher).relay(0)).isEqualTo(300);
        assertThat(waiting()).isZero();
        only(cancelled, id.toString());
        nowhere.destroy();
    }

    @Test
    void whatDoesNotFitIntoMemoryIsLeftToThePollingRelay() {
        List<OutboxEvent> placements = committed(320);
        var metrics = new SimpleMeterRegistry();
        DirectRelay directly = directly(publisher, 300, metrics);

        placements.forEach(directly::offer); // it does not run yet
        assertThat(left(metrics)).isEqualTo(20);
        directly.start();
        directly.stop();

        assertThat(waiting())
                .as("three batches leave, though the relay is told to stop at once")
                .isEqualTo(20);
        age();
        assertThat(relay(publisher).relay(0)).isEqualTo(20);
        Set<String> ours = new HashSet<>(
                placements.stream().map(event -> event.orderId().toString()).toList());
        assertThat(placed.await(321, Duration.ofSeconds(2), record -> ours.contains(record.key())))
                .hasSize(320);
    }

    @Test
    void thePollingRelayIsWokenByACommitAndFindsWhatOthersLeft() {
        UUID before = UUID.randomUUID();
        append(List.of(event(CANCELLED, before, "committed while it does not run")));
        polling.start();
        only(cancelled, before.toString());
        UUID woken = UUID.randomUUID();
        append(List.of(event(CANCELLED, woken, "announced")));
        only(cancelled, woken.toString());

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

            direct.start();
            Duration slowest = Duration.ZERO;
            Set<String> ours = new HashSet<>();
            for (int n = 0; n < events; n += 500) {
                long begun = System.nanoTime();
                List<OutboxEvent> batch = committed(500);
                batch.forEach(event -> ours.add(event.orderId().toString()));
                outbox.committed(batch);
                await().atMost(SOON).pollInterval(Duration.ofMillis(5)).until(() -> gone(batch));
                Duration took = Duration.ofNanos(System.nanoTime() - begun);
                slowest = took.compareTo(slowest) > 0 ? took : slowest;
            }
            assertThat(slowest).as("500 events, from commit to deletion").isLessThan(Duration.ofSeconds(4));
            assertThat(placed.await(events, SOON, record -> ours.contains(record.key())))
                    .hasSize(events);

            long dead = jdbc.sql("SELECT pg_relation_size('outbox')")
                    .query(Long.class)
                    .single();
            assertThat(dead)
                    .as("the dead rows are still there, each of more than 64 bytes")
                    .isGreaterThan(events * 64L);
            UUID id = UUID.randomUUID();
            append(List.of(event(CANCELLED, id, "after 20,000 dead rows")));
            long begun = System.nanoTime();
            assertThat(relay(publisher).relay(0)).isEqualTo(1);
            assertThat(relay(publisher).relay(0)).isZero();
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(2));
            only(cancelled, id.toString());
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
        direct.start();
        polling.start();
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

    private PollingRelay relay(EventPublisher publisher) {
        return new PollingRelay(table, transaction, publisher, new OutboxSignal(), settings(1));
    }

    private DirectRelay directly(EventPublisher publisher, int capacity, MeterRegistry metrics) {
        return new DirectRelay(table, publisher, settings(capacity), Clock.systemUTC(), metrics);
    }

    private static OutboxSettings settings(int capacity) {
        return new OutboxSettings(100, Duration.ofMillis(5), capacity, Duration.ofMillis(50));
    }

    private static double left(MeterRegistry metrics) {
        return metrics.get("meridian.outbox.left").counter().count();
    }

    private static Outbox.Event event(String topic, UUID id, String payload) {
        return new Outbox.Event(id, topic, "test", payload, null);
    }

    private void append(List<Outbox.Event> events) {
        transaction.executeWithoutResult(status -> outbox.append(new ArrayList<>(events)));
    }

    /** Placements whose rows have committed, and of which no relay was told. */
    private List<OutboxEvent> committed(int count) {
        List<Outbox.Event> events = IntStream.range(0, count)
                .mapToObj(n -> event(PLACED, UUID.randomUUID(), "{\"n\":" + n + "}"))
                .toList();
        return transaction.execute(status -> table.insert(events, Instant.now().atOffset(ZoneOffset.UTC)));
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

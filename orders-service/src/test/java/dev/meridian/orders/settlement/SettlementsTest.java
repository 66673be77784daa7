package dev.meridian.orders.settlement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.BackingServices;
import dev.meridian.orders.Api;
import dev.meridian.orders.Feed;
import dev.meridian.orders.OtherServices;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import dev.meridian.orders.deadletters.DeadLetters;
import dev.meridian.orders.deadletters.IncomingEvents;
import dev.meridian.orders.order.Orders;
import dev.meridian.orders.outbox.EventPublisher;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
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
import tools.jackson.databind.json.JsonMapper;

@RunningService
class SettlementsTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private final KafkaTemplate<String, String> fulfilment =
            OtherServices.template(BackingServices.shared().kafkaAdministrator());
    private final ProducerFactory<String, String> producers;
    private final EventPublisher publisher;
    private final Orders orders;
    private final IncomingEvents events;
    private final DeadLetters deadLetters;
    private final TransactionTemplate transaction;
    private final JdbcClient jdbc;
    private final String customer = "customer-" + UUID.randomUUID();
    private final String token = Tokens.of(customer);
    private final Feed changes;
    private Api api = new Api(0);

    SettlementsTest(
            @Autowired ProducerFactory<String, String> producers,
            @Autowired EventPublisher publisher,
            @Autowired Orders orders,
            @Autowired IncomingEvents events,
            @Autowired DeadLetters deadLetters,
            @Autowired TransactionTemplate transaction,
            @Autowired JdbcClient jdbc) {
        this.producers = producers;
        this.publisher = publisher;
        this.orders = orders;
        this.events = events;
        this.deadLetters = deadLetters;
        this.transaction = transaction;
        this.jdbc = jdbc;
        this.changes = new Feed("orders.changed");
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        api = new Api(port);
    }

    @AfterEach
    void disconnect() {
        changes.close();
    }

    @Test
    void aConfirmedOrderIsConfirmedAtItsNextVersion() {
        String id = place();

        send(id, Outcome.TYPE, confirmed(id));

        Api.Answer order = awaitStatus(id, "CONFIRMED");
        assertThat(order.json().at("/version").asLong()).isEqualTo(2);
        assertThat(order.header("ETag")).isEqualTo("\"2\"");
    }

    @Test
    void aRejectedOrderSaysWhy() {
        String id = place();

        send(id, Outcome.TYPE, rejected(id, "PAYMENT_DECLINED"));

        Api.Answer order = awaitStatus(id, "REJECTED");
        assertThat(order.json().at("/reason").asString()).isEqualTo("PAYMENT_DECLINED");
    }

    @Test
    void theFirstOutcomeStandsAndAContradictionIsSetAside() {
        String id = place();

        send(id, Outcome.TYPE, confirmed(id));
        send(id, Outcome.TYPE, confirmed(id));
        send(id, Outcome.TYPE, rejected(id, "OUT_OF_STOCK"));
        String next = place();
        send(next, Outcome.TYPE, confirmed(next));

        awaitStatus(next, "CONFIRMED");
        assertThat(awaitStatus(id, "CONFIRMED").json().at("/version").asLong()).isEqualTo(2);
        changes.await(1, SOON, record -> record.key().equals(next));
        assertThat(changes.await(
                        1, Duration.ofSeconds(1), record -> record.key().equals(id)))
                .isNotEmpty()
                .allSatisfy(change -> assertThat(change.value())
                        .contains("\"status\":\"CONFIRMED\"")
                        .contains("\"version\":2"));
        assertThat(reasons(id)).containsExactly("The order is CONFIRMED by an earlier outcome");
    }

    @Test
    void anOrderThatACrashLeftUntoldIsToldAgain() {
        // Between the commit and the publishing: the broker is away for this instance.
        var nowhere = new DefaultKafkaProducerFactory<String, String>(producers.getConfigurationProperties());
        nowhere.updateConfigs(Map.of("bootstrap.servers", "127.0.0.1:1", "max.block.ms", "200"));
        Settlements cutOff = settlements(new EventPublisher(new KafkaTemplate<>(nowhere)));
        String id = place();
        ConsumerRecord<String, byte[]> outcome = received(id, confirmed(id));

        assertThatThrownBy(() -> cutOff.apply(List.of(outcome))).isInstanceOf(EventPublisher.EventNotPublished.class);
        assertThat(awaitStatus(id, "CONFIRMED").json().at("/version").asLong()).isEqualTo(2);
        assertThat(changes.await(
                        1, Duration.ofSeconds(1), record -> record.key().equals(id)))
                .isEmpty();
        settlements(publisher).apply(List.of(outcome));

        assertThat(changes.await(1, SOON, record -> record.key().equals(id))).hasSize(1);
        assertThat(awaitStatus(id, "CONFIRMED").json().at("/version").asLong()).isEqualTo(2);
        nowhere.destroy();
    }

    @Test
    void anOutcomeOfACancelledOrderChangesAndTellsNothing() {
        String id = place();
        api.cancel(customer, id);
        assertThat(changes.await(1, SOON, record -> record.key().equals(id))).hasSize(1);

        settlements(publisher).apply(List.of(received(id, confirmed(id))));

        assertThat(awaitStatus(id, "CANCELLED").json().at("/version").asLong()).isEqualTo(2);
        assertThat(changes.await(
                        2, Duration.ofSeconds(1), record -> record.key().equals(id)))
                .hasSize(1);
        assertThat(reasons(id)).isEmpty();
    }

    /** The statement's snapshot still shows the order as open when the other transaction's decision stops it. */
    @Test
    void anOrderThatIsDecidedAtTheSameMomentIsAskedForAgain() throws Exception {
        String id = place();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> applied = transaction.execute(status -> {
                jdbc.sql("UPDATE orders SET status = 'CONFIRMED', version = 2 WHERE id = ?::uuid")
                        .param(id)
                        .update();
                Future<?> applying =
                        threads.submit(() -> settlements(publisher).apply(List.of(received(id, confirmed(id)))));
                await().atMost(SOON)
                        .until(() -> jdbc.sql("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
                                .query(Boolean.class)
                                .single());
                return applying;
            });
            applied.get(20, TimeUnit.SECONDS);
        }

        assertThat(changes.await(1, SOON, record -> record.key().equals(id)))
                .as("the other instance may have died before it told")
                .hasSize(1);
    }

    @Test
    void ofABatchThatTheDatabaseRefusesOnlyTheGuiltyOneIsSetAside(@Value("${meridian.postgres}") String hosts)
            throws SQLException {
        List<String> ids = IntStream.range(0, 7).mapToObj(n -> place()).toList();
        String guilty = ids.get(4);
        try (Connection owner = DriverManager.getConnection(
                        "jdbc:postgresql://" + hosts + "/orders?targetServerType=primary",
                        "orders_migrator",
                        "orders_migrator");
                Statement statement = owner.createStatement()) {
            statement.execute("ALTER TABLE orders ADD CONSTRAINT refused CHECK (id <> '" + guilty
                    + "' OR status = 'PLACED') NOT VALID");
            try {
                settlements(publisher)
                        .apply(ids.stream()
                                .map(id -> received(id, confirmed(id)))
                                .toList());
            } finally {
                statement.execute("ALTER TABLE orders DROP CONSTRAINT refused");
            }
        }

        for (String id : ids) {
            awaitStatus(id, id.equals(guilty) ? "PLACED" : "CONFIRMED");
            assertThat(reasons(id)).hasSize(id.equals(guilty) ? 1 : 0);
        }
        assertThat(reasons(guilty).getFirst()).contains("refused");
    }

    private Settlements settlements(EventPublisher publisher) {
        return new Settlements(
                orders, events, deadLetters, publisher, JsonMapper.shared(), java.time.Clock.systemUTC());
    }

    private ConsumerRecord<String, byte[]> received(String id, String value) {
        // A place that no record has, so that nothing else is set aside from there.
        var record = new ConsumerRecord<>(
                "fulfilment.outcomes", 7, System.nanoTime(), id, value.getBytes(StandardCharsets.UTF_8));
        record.headers().add("ce_type", Outcome.TYPE.getBytes(StandardCharsets.UTF_8));
        return record;
    }

    /** Why records with this key were set aside. */
    private List<String> reasons(String id) {
        return jdbc.sql("SELECT reason FROM dead_letters WHERE order_id = ?::uuid")
                .param(id)
                .query((row, n) -> String.valueOf(row.getString("reason")))
                .list();
    }

    @Test
    void theChangeIsPublishedWholeAsACloudEventOfTheSameTrace() {
        String id = place();

        send(id, Outcome.TYPE, confirmed(id));

        List<ConsumerRecord<String, String>> published =
                changes.await(1, SOON, record -> record.key().equals(id));
        assertThat(published).hasSize(1);
        ConsumerRecord<String, String> change = published.getFirst();
        assertThat(Feed.header(change, "ce_specversion")).isEqualTo("1.0");
        assertThat(Feed.header(change, "ce_type")).isEqualTo("dev.meridian.order.changed");
        assertThat(Feed.header(change, "ce_source")).isEqualTo("/orders-service");
        assertThat(Feed.header(change, "ce_id")).isNotEmpty();
        assertThat(Feed.header(change, "ce_time")).contains("T");
        assertThat(Feed.header(change, "content-type")).isEqualTo("application/json");
        assertThat(Feed.header(change, "traceparent")).isEqualTo(TRACE);
        var body = JsonMapper.shared().readTree(change.value());
        assertThat(body.at("/customer").asString()).isEqualTo(customer);
        assertThat(body.at("/order"))
                .isEqualTo(api.get("/api/orders/" + id, token).json());
    }

    private static String confirmed(String id) {
        return "{\"orderId\":\"" + id + "\",\"outcome\":\"CONFIRMED\",\"decidedAt\":\"2026-03-01T10:00:00Z\"}";
    }

    private static String rejected(String id, String reason) {
        return "{\"orderId\":\"" + id + "\",\"outcome\":\"REJECTED\",\"reason\":\"" + reason
                + "\",\"decidedAt\":\"2026-03-01T10:00:00Z\"}";
    }

    private String place() {
        return api.place(customer, Api.order("TEA-001", 1)).json().at("/id").asString();
    }

    private void send(String key, String type, String value) {
        // One partition for all, so that what was sent first is also met first.
        var message = new ProducerRecord<>("fulfilment.outcomes", 0, key, value);
        message.headers().add("ce_type", type.getBytes(StandardCharsets.UTF_8));
        message.headers().add("traceparent", TRACE.getBytes(StandardCharsets.UTF_8));
        fulfilment.send(message);
    }

    private Api.Answer awaitStatus(String id, String status) {
        return await().atMost(SOON)
                .until(
                        () -> api.get("/api/orders/" + id, token),
                        order -> order.json().at("/status").asString().equals(status));
    }
}

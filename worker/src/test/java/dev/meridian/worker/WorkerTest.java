package dev.meridian.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.local.BackingServices;
import dev.meridian.worker.database.EvictOnReadOnly;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.test.context.ContextConfiguration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The whole worker, between the real queue and the real database. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
@ContextConfiguration(initializers = Backing.class)
class WorkerTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

    @Autowired
    private JdbcClient jdbc;

    @Autowired
    private MeterRegistry meters;

    @Autowired
    private HikariDataSource pool;

    @LocalServerPort
    private int port;

    private final JsonMapper json = JsonMapper.builder().build();
    private final Topic outcomes = new Topic("fulfilment.outcomes");
    private final Topic deadLetters = new Topic("fulfilment.dead-letters");

    /** Whether the orders are done that the tests of other services left in the queue. */
    private static final AtomicBoolean CAUGHT_UP = new AtomicBoolean();

    @BeforeEach
    void reset() {
        if (!CAUGHT_UP.getAndSet(true)) {
            catchUp();
        }
        Backing.reset(jdbc);
    }

    private void catchUp() {
        int partitions = plain.partitionsFor("orders.placed").size();
        List<String> last = new ArrayList<>();
        for (int partition = 0; partition < partitions; partition++) {
            UUID order = UUID.randomUUID();
            last.add(order.toString());
            ProducerRecord<String, byte[]> record =
                    record("orders.placed", order.toString(), event(order, "tok_ok", ""), "dev.meridian.order.placed");
            plain.send(new ProducerRecord<>(
                    record.topic(), partition, null, record.key(), record.value(), record.headers()));
        }
        last.forEach(order -> outcomes.awaitFirst(order, Duration.ofMinutes(2)));
    }

    @AfterEach
    void close() {
        outcomes.close();
        deadLetters.close();
    }

    @Test
    void tellsTheOutcomeOfAnOrderAsACloudEventInTheSameTrace() throws Exception {
        UUID order = place("tok_ok");

        ConsumerRecord<String, byte[]> outcome = outcomes.awaitFirst(order.toString(), SOON);

        assertThat(Topic.header(outcome, "ce_specversion")).isEqualTo("1.0");
        assertThat(Topic.header(outcome, "ce_id")).isNotBlank();
        assertThat(Topic.header(outcome, "ce_source")).isEqualTo("/worker");
        assertThat(Topic.header(outcome, "ce_type")).isEqualTo("dev.meridian.fulfilment.decided");
        assertThat(Instant.parse(Topic.header(outcome, "ce_time")))
                .isBefore(Instant.now().plusSeconds(1));
        assertThat(Topic.header(outcome, "content-type")).isEqualTo("application/json");
        assertThat(Topic.header(outcome, "traceparent")).isEqualTo("00-" + TRACE + "-00f067aa0ba902b7-01");
        assertThat(value(outcome).get("outcome").asString()).isEqualTo("CONFIRMED");
        assertThat(violations("fulfilment-decided", outcome.value())).isEmpty();
    }

    @Test
    void tellsWhyAnOrderIsRejected() throws Exception {
        UUID order = place("tok_declined");

        ConsumerRecord<String, byte[]> outcome = outcomes.awaitFirst(order.toString(), SOON);

        assertThat(value(outcome).get("outcome").asString()).isEqualTo("REJECTED");
        assertThat(value(outcome).get("reason").asString()).isEqualTo("PAYMENT_DECLINED");
        assertThat(violations("fulfilment-decided", outcome.value())).isEmpty();
    }

    @Test
    void flakyPaymentSettlesOnceAfterSomeDeliveries() {
        UUID order = place("tok_flaky");

        assertThat(value(outcomes.awaitFirst(order.toString(), SOON))
                        .get("outcome")
                        .asString())
                .isEqualTo("CONFIRMED");
        assertThat(jdbc.sql("SELECT attempts FROM simulated_payment WHERE order_id = ?")
                        .param(order)
                        .query(Integer.class)
                        .single())
                .isEqualTo(3);
    }

    @Test
    void poisonEndsAsADeadLetterAndDelaysNoOther() throws Exception {
        List<UUID> poison = new ArrayList<>();
        List<UUID> good = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            poison.add(place("tok_poison"));
            good.add(place("tok_ok"));
        }

        long lastGood = good.stream()
                .mapToLong(order -> outcomes.awaitFirst(order.toString(), SOON).timestamp())
                .max()
                .orElseThrow();
        long firstPoison = poison.stream()
                .mapToLong(
                        order -> deadLetters.awaitFirst(order.toString(), SOON).timestamp())
                .min()
                .orElseThrow();
        assertThat(lastGood)
                .as("when the last of the others was done, against the end of the first poison")
                .isLessThan(firstPoison);
        for (UUID order : poison) {
            ConsumerRecord<String, byte[]> deadLetter = deadLetters.awaitFirst(order.toString(), SOON);
            assertThat(violations("dead-letter", deadLetter.value())).isEmpty();
            assertThat(Topic.header(deadLetter, "ce_type")).isEqualTo("dev.meridian.fulfilment.dead-letter");
            assertThat(Topic.header(deadLetter, "ce_source")).isEqualTo("/worker");
            assertThat(Topic.header(deadLetter, "traceparent")).contains(TRACE);
            assertThat(value(deadLetter).get("orderId").asString()).isEqualTo(order.toString());
            assertThat(value(deadLetter).get("topic").asString()).isEqualTo("orders.placed");
            assertThat(value(deadLetter).get("type").asString()).isEqualTo("dev.meridian.order.placed");
            assertThat(value(deadLetter).get("failures").asInt()).isEqualTo(10);
            assertThat(value(deadLetter).get("reason").asString()).contains("tok_poison");
            assertThat(json.readTree(Base64.getDecoder()
                                    .decode(value(deadLetter).get("content").asString()))
                            .get("orderId")
                            .asString())
                    .isEqualTo(order.toString());
            assertThat(outcomes.with(order.toString())).isEmpty();
            assertThat(deadLetters.with(order.toString())).hasSize(1);
        }
        assertThat(jdbc.sql("SELECT max(attempts) FROM simulated_payment")
                        .query(Integer.class)
                        .single())
                .isEqualTo(10);
        Awaitility.await().atMost(SOON).until(() -> retriesWaiting() == 0);
    }

    @Test
    void cancellationEndsAPaymentThatFailsAgainAndAgain() {
        UUID order = place("tok_poison");
        Awaitility.await().atMost(SOON).until(() -> retriesWaiting() == 1);

        cancel(order, "");

        awaitBook(order, "CANCELLED BARRED");
        Awaitility.await().atMost(SOON).until(() -> retriesWaiting() == 0);
        assertThat(held(order)).isZero();
        assertThat(deadLetters.with(order.toString())).isEmpty();
        assertThat(outcomes.with(order.toString())).isEmpty();
    }

    /** The role may not come in any more, and who is in is thrown out: as a database that is away. */
    @Test
    void anOutageOfTheDatabaseLosesNothingAndMakesNoDeadLetters() {
        List<UUID> orders = new ArrayList<>();
        String primary = BackingServices.shared().postgresHosts().split(",")[0];
        JdbcClient superuser = JdbcClient.create(
                new DriverManagerDataSource("jdbc:postgresql://" + primary + "/postgres", "postgres", "postgres"));
        superuser.sql("ALTER ROLE fulfilment NOLOGIN").update();
        try {
            superuser
                    .sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'fulfilment'")
                    .query(Long.class)
                    .single();
            for (int i = 0; i < 50; i++) {
                orders.add(place("tok_ok"));
            }
            Awaitility.await()
                    .atMost(SOON)
                    .until(() -> meters.get("meridian.queue.backing.off")
                                    .tag("loop", "orders.placed")
                                    .gauge()
                                    .value()
                            == 1);
            assertThat(outcomes.with(orders.getFirst().toString())).isEmpty();
        } finally {
            superuser.sql("ALTER ROLE fulfilment LOGIN").update();
        }

        for (UUID order : orders) {
            ConsumerRecord<String, byte[]> outcome = outcomes.awaitFirst(order.toString(), SOON);
            assertThat(value(outcome).get("outcome").asString()).isEqualTo("CONFIRMED");
            assertThat(deadLetters.with(order.toString())).isEmpty();
        }
    }

    /** As a worker that is paused between two statements. */
    @Test
    void aTransactionThatHangsGivesItsRowsBack() throws Exception {
        Connection hanging = pool.getConnection();
        try (Statement statement = hanging.createStatement()) {
            hanging.setAutoCommit(false);
            statement.execute("SELECT FROM stock WHERE sku = 'TEA-001' FOR UPDATE");

            UUID order = place("tok_ok");

            assertThat(value(outcomes.awaitFirst(order.toString(), SOON.multipliedBy(2)))
                            .get("outcome")
                            .asString())
                    .isEqualTo("CONFIRMED");
            assertThat(hanging.isValid(1)).isFalse();
        } finally {
            pool.evictConnection(hanging);
        }
    }

    /** Whatever lies in the queue, the orders around it are decided. */
    @Test
    void oddRecordsStopNothing() throws Exception {
        long seed = Long.getLong("test.seed", System.nanoTime());
        var random = new Random(seed);
        List<UUID> good = new ArrayList<>();
        List<String> dead = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            good.add(place("tok_ok"));
            for (int j = 0; j < 3; j++) {
                String topic = random.nextInt(3) == 0 ? "orders.cancelled" : "orders.placed";
                OddRecord odd = OddRecord.any(random, topic, good);
                if (odd.isDead()) {
                    dead.add(odd.record().key());
                }
                plain.send(odd.record());
            }
        }

        for (UUID order : good) {
            ConsumerRecord<String, byte[]> outcome = outcomes.awaitFirst(order.toString(), SOON);
            assertThat(value(outcome).get("outcome").asString())
                    .as("seed %d", seed)
                    .isEqualTo("CONFIRMED");
            assertThat(outcome.headers().lastHeader("traceparent").value()).doesNotContain(0);
        }
        for (String key : dead) {
            ConsumerRecord<String, byte[]> letter = deadLetters.awaitFirst(key, SOON);
            assertThat(violations("dead-letter", letter.value()))
                    .as("seed %d", seed)
                    .isEmpty();
        }
        assertThat(dead).as("seed %d", seed).isNotEmpty();
        UUID last = place("tok_ok");
        outcomes.awaitFirst(last.toString(), SOON);
        cancel(last, "");
        awaitBook(last, "CANCELLED REFUNDED");
        // What failed in the database is given up as well.
        Awaitility.await().atMost(SOON).until(() -> retriesWaiting() == 0);
    }

    @Test
    void unknownTypesAndFieldsStopNothing() {
        String key = UUID.randomUUID().toString();
        send(key, "{}".getBytes(StandardCharsets.UTF_8), "dev.meridian.order.celebrated");
        UUID order = UUID.randomUUID();
        send(order.toString(), event(order, "tok_ok", ",\"gift\":true"), "dev.meridian.order.placed");

        assertThat(value(outcomes.awaitFirst(order.toString(), SOON))
                        .get("outcome")
                        .asString())
                .isEqualTo("CONFIRMED");
        assertThat(deadLetters.with(key)).isEmpty();
    }

    @Test
    void repeatedEventTellsTheSameDecisionAgain() {
        UUID order = place("tok_ok");
        ConsumerRecord<String, byte[]> first = outcomes.awaitFirst(order.toString(), SOON);

        send(order.toString(), event(order, "tok_ok", ""), "dev.meridian.order.placed");

        Awaitility.await()
                .atMost(SOON)
                .until(() -> outcomes.with(order.toString()).size() == 2);
        assertThat(outcomes.with(order.toString()).getLast().value()).isEqualTo(first.value());
        assertThat(jdbc.sql("SELECT count(*) FROM reservation WHERE order_id = ?")
                        .param(order)
                        .query(Integer.class)
                        .single())
                .isEqualTo(1);
    }

    @Test
    void cancellationGivesStockAndMoneyBack() {
        UUID order = place("tok_ok");
        outcomes.awaitFirst(order.toString(), SOON);
        assertThat(held(order)).isEqualTo(2);

        cancel(order, ",\"why\":\"a field of a later version\"");

        awaitBook(order, "CANCELLED REFUNDED");
        assertThat(held(order)).isZero();
    }

    @Test
    void cancellationThatOvertakesItsPlacementKeepsItFromTakingAnything() {
        UUID order = UUID.randomUUID();
        double refunds = refunds("nothing_charged");
        cancel(order, "");
        awaitBook(order, "CANCELLED BARRED");

        send(order.toString(), event(order, "tok_ok", ""), "dev.meridian.order.placed");

        // One by the cancellation, one by the placement that found it.
        Awaitility.await().atMost(SOON).until(() -> refunds("nothing_charged") == refunds + 2);
        awaitBook(order, "CANCELLED BARRED");
        assertThat(held(order)).isZero();
        assertThat(outcomes.with(order.toString())).isEmpty();
    }

    @Test
    void deadLetterThatIsPlacedAgainSettlesOnce() {
        UUID order = place("tok_flaky_12");
        deadLetters.awaitFirst(order.toString(), SOON);
        assertThat(outcomes.with(order.toString())).isEmpty();

        for (int i = 0; i < 2; i++) {
            send(order.toString(), event(order, "tok_flaky_12", ""), "dev.meridian.order.placed");
        }

        awaitBook(order, "CONFIRMED CHARGED");
        outcomes.awaitFirst(order.toString(), SOON);
        Awaitility.await().atMost(SOON).until(() -> retriesWaiting() == 0);
        assertThat(outcomes.with(order.toString()))
                .as("told once or several times, and always the same")
                .extracting(record -> new String(record.value(), StandardCharsets.UTF_8))
                .containsOnly(
                        new String(outcomes.with(order.toString()).getFirst().value(), StandardCharsets.UTF_8));
        assertThat(held(order)).isEqualTo(2);
    }

    @Test
    void twoHundredOrdersForTheLastFiftyAreFiftyConfirmations() {
        List<UUID> orders = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            UUID order = UUID.randomUUID();
            orders.add(order);
            String event = new String(event(order, "tok_ok", ""), StandardCharsets.UTF_8)
                    .replace("\"sku\":\"TEA-001\",\"quantity\":2", "\"sku\":\"LTD-001\",\"quantity\":1");
            send(order.toString(), event.getBytes(StandardCharsets.UTF_8), "dev.meridian.order.placed");
        }

        Map<String, Long> told = orders.stream()
                .map(order -> value(outcomes.awaitFirst(order.toString(), SOON)))
                .map(outcome -> outcome.path("outcome").asString() + " "
                        + outcome.path("reason").asString(""))
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));

        assertThat(told).containsOnly(Map.entry("CONFIRMED ", 50L), Map.entry("REJECTED OUT_OF_STOCK", 150L));
        assertThat(available("LTD-001")).isZero();
    }

    @Test
    void recordsThatAreNoEventsAreDeadLettersAtOnceAndStopNothing() throws Exception {
        String noValue = UUID.randomUUID().toString();
        String noHeaders = UUID.randomUUID().toString();
        String noCancellation = UUID.randomUUID().toString();
        String noOrder = UUID.randomUUID().toString();
        byte[] garbage = "\u0000\u0001no event at all".getBytes(StandardCharsets.UTF_8);
        plain.send(record("orders.placed", noValue, null, "dev.meridian.order.placed"));
        plain.send(new ProducerRecord<>("orders.placed", noHeaders, event(UUID.randomUUID(), "tok_ok", "")));
        plain.send(record("orders.cancelled", noCancellation, garbage, "dev.meridian.order.cancelled"));
        plain.send(record("orders.cancelled", noOrder, cancellation("no uuid", ""), "dev.meridian.order.cancelled"));
        UUID order = place("tok_ok");
        outcomes.awaitFirst(order.toString(), SOON);
        cancel(order, "");
        awaitBook(order, "CANCELLED REFUNDED");

        for (String key : List.of(noValue, noHeaders, noCancellation, noOrder)) {
            ConsumerRecord<String, byte[]> deadLetter = deadLetters.awaitFirst(key, SOON);
            assertThat(violations("dead-letter", deadLetter.value())).isEmpty();
            assertThat(value(deadLetter).get("failures").asInt()).isEqualTo(1);
            assertThat(value(deadLetter).get("topic").asString())
                    .isEqualTo(key.equals(noValue) || key.equals(noHeaders) ? "orders.placed" : "orders.cancelled");
            assertThat(value(deadLetter).has("content")).isEqualTo(!key.equals(noValue));
        }
    }

    @Test
    void theEventsThatTheseTestsSendAreThoseOfTheSchemas() throws Exception {
        assertThat(violations("order-placed", event(UUID.randomUUID(), "tok_ok", "")))
                .isEmpty();
        assertThat(violations("order-cancelled", cancellation(UUID.randomUUID().toString(), "")))
                .isEmpty();
        assertThat(violations("order-cancelled", cancellation("no uuid", ""))).isNotEmpty();
        assertThat(violations("order-placed", "{}".getBytes(StandardCharsets.UTF_8)))
                .isNotEmpty();
        assertThat(violations("fulfilment-decided", event(UUID.randomUUID(), "tok_ok", "")))
                .isNotEmpty();
    }

    @Test
    void eachTopicHasAConsumerOfItsOwn() {
        try (Admin admin = Admin.create(BackingServices.shared().kafkaAdministrator())) {
            Awaitility.await()
                    .atMost(SOON)
                    .untilAsserted(() -> assertThat(
                                    admin.describeShareGroups(List.of("fulfilment")).all().get().values().stream()
                                            .flatMap(group -> group.members().stream())
                                            .map(member -> member.assignment().topicPartitions().stream()
                                                    .map(TopicPartition::topic)
                                                    .collect(Collectors.toSet())))
                            .containsExactlyInAnyOrder(Set.of("orders.placed"), Set.of("orders.cancelled")));
        }
    }

    @Test
    void leavesAPrimaryThatWasDemoted() {
        assertThat(pool.getExceptionOverrideClassName()).isEqualTo(EvictOnReadOnly.class.getName());
    }

    @Test
    void showsItsMetricsAndNothingElse() throws Exception {
        UUID order = place("tok_ok");
        outcomes.awaitFirst(order.toString(), SOON);
        cancel(order, "");
        awaitBook(order, "CANCELLED REFUNDED");
        try (var http = HttpClient.newHttpClient()) {
            assertThat(get(http, "/actuator/health/readiness").body()).contains("UP");
            Awaitility.await()
                    .atMost(SOON)
                    .untilAsserted(
                            () -> assertThat(get(http, "/actuator/prometheus").body())
                                    .contains(
                                            "meridian_fulfilment_outcomes_total",
                                            "meridian_fulfilment_cancellations_total{",
                                            "meridian_fulfilment_refunds_total{",
                                            "meridian_queue_handling_seconds_bucket",
                                            "meridian_queue_deliveries_total",
                                            "meridian_queue_retries_waiting",
                                            "meridian_queue_backing_off{"));
            assertThat(get(http, "/actuator/env").statusCode()).isEqualTo(404);
        }
    }

    private HttpResponse<String> get(HttpClient http, String path) throws Exception {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private UUID place(String token) {
        UUID order = UUID.randomUUID();
        send(order.toString(), event(order, token, ""), "dev.meridian.order.placed");
        return order;
    }

    static byte[] event(UUID order, String token, String more) {
        return """
                {"orderId":"%s","customer":"alice","placedAt":"2026-01-01T00:00:00.123456Z",
                 "lines":[{"sku":"TEA-001","quantity":2}],"total":{"amount":"24.00","currency":"EUR"},
                 "paymentToken":"%s"%s}
                """.formatted(order, token, more).getBytes(StandardCharsets.UTF_8);
    }

    private void cancel(UUID order, String more) {
        plain.send(record(
                "orders.cancelled",
                order.toString(),
                cancellation(order.toString(), more),
                "dev.meridian.order.cancelled"));
    }

    static byte[] cancellation(String order, String more) {
        return """
                {"orderId":"%s","customer":"alice","cancelledAt":"2026-01-01T00:01:00.123456Z"%s}
                """.formatted(order, more).getBytes(StandardCharsets.UTF_8);
    }

    private void send(String key, byte[] value, String type) {
        plain.send(record("orders.placed", key, value, type));
    }

    static ProducerRecord<String, byte[]> record(
            String topic, @Nullable String key, byte @Nullable [] value, String type) {
        var record = new ProducerRecord<String, byte[]>(topic, key, value);
        record.headers()
                .add("ce_specversion", "1.0".getBytes(StandardCharsets.UTF_8))
                .add("ce_id", UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8))
                .add("ce_source", "/orders-service".getBytes(StandardCharsets.UTF_8))
                .add("ce_type", type.getBytes(StandardCharsets.UTF_8))
                .add("traceparent", ("00-" + TRACE + "-00f067aa0ba902b7-01").getBytes(StandardCharsets.UTF_8));
        return record;
    }

    /** Waits for what the worker's book and the provider's say of the order. */
    private void awaitBook(UUID order, String statusAndPayment) {
        Awaitility.await()
                .atMost(SOON)
                .untilAsserted(() -> assertThat(
                                jdbc.sql("""
                                        SELECT concat_ws(' ', status, result)
                                          FROM fulfilment LEFT JOIN simulated_payment USING (order_id)
                                         WHERE order_id = ?
                                        """).param(order).query(String.class).optional())
                        .contains(statusAndPayment));
    }

    /** How many items the order has set aside. */
    private int held(UUID order) {
        return jdbc.sql("SELECT coalesce(sum(quantity), 0) FROM reservation WHERE order_id = ?")
                .param(order)
                .query(Integer.class)
                .single();
    }

    private int available(String sku) {
        return jdbc.sql("SELECT available FROM stock WHERE sku = ?")
                .param(sku)
                .query(Integer.class)
                .single();
    }

    private int retriesWaiting() {
        return jdbc.sql("SELECT count(*) FROM retry").query(Integer.class).single();
    }

    private double refunds(String result) {
        return meters.counter("meridian.fulfilment.refunds", "result", result).count();
    }

    // Not the worker's own template: that one would put its own trace on what it sends.
    private final KafkaTemplate<String, byte[]> plain = plain();

    private static KafkaTemplate<String, byte[]> plain() {
        return new KafkaTemplate<>(new DefaultKafkaProducerFactory<>(
                BackingServices.shared().kafkaAdministrator(), new StringSerializer(), new ByteArraySerializer()));
    }

    private JsonNode value(ConsumerRecord<String, byte[]> record) {
        return json.readTree(record.value());
    }

    private static List<Error> violations(String schema, byte[] value) throws IOException {
        Path file = Path.of("../docs/events/" + schema + ".schema.json");
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(Files.readString(file), InputFormat.JSON)
                .validate(
                        new String(value, StandardCharsets.UTF_8),
                        InputFormat.JSON,
                        context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)));
    }
}

package dev.meridian.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.meridian.local.BackingServices;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
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

    @LocalServerPort
    private int port;

    private final JsonMapper json = JsonMapper.builder().build();
    private final Topic outcomes = new Topic("fulfilment.outcomes");
    private final Topic deadLetters = new Topic("dlq.fulfilment");

    @BeforeEach
    void reset() {
        Backing.reset(jdbc);
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
        assertThat(Topic.header(outcome, "traceparent")).startsWith("00-" + TRACE + "-");
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
    void poisonEndsAsADeadLetterWhileOthersGoOn() {
        // More than there are consumers.
        List<UUID> poison = new ArrayList<>();
        List<UUID> good = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            poison.add(place("tok_poison"));
        }
        for (int i = 0; i < 30; i++) {
            good.add(place("tok_ok"));
        }

        long lastGood = good.stream()
                .mapToLong(order -> outcomes.awaitFirst(order.toString(), SOON).timestamp())
                .max()
                .orElseThrow();
        long lastPoison = poison.stream()
                .mapToLong(
                        order -> deadLetters.awaitFirst(order.toString(), SOON).timestamp())
                .max()
                .orElseThrow();
        assertThat(lastGood)
                .as("when the last of the others was done, against the last poison's end")
                .isLessThan(lastPoison);
        for (UUID order : poison) {
            ConsumerRecord<String, byte[]> deadLetter = deadLetters.awaitFirst(order.toString(), SOON);
            assertThat(Topic.header(deadLetter, "__dlq.errors.topic")).isEqualTo("orders.placed");
            assertThat(Topic.header(deadLetter, "__dlq.errors.group")).isEqualTo("fulfilment");
            assertThat(Topic.header(deadLetter, "__dlq.errors.delivery.count")).isEqualTo("10");
            assertThat(Topic.header(deadLetter, "__dlq.errors.offset")).isNotBlank();
            assertThat(value(deadLetter).get("orderId").asString()).isEqualTo(order.toString());
            assertThat(outcomes.with(order.toString())).isEmpty();
        }
    }

    @Test
    void garbageIsADeadLetterAtOnce() {
        String key = UUID.randomUUID().toString();
        send(key, "\u0000\u0001no event at all".getBytes(StandardCharsets.UTF_8), "dev.meridian.order.placed");
        UUID order = place("tok_ok");

        ConsumerRecord<String, byte[]> deadLetter = deadLetters.awaitFirst(key, SOON);

        assertThat(Topic.header(deadLetter, "__dlq.errors.delivery.count")).isEqualTo("1");
        assertThat(deadLetter.value()).startsWith(0, 1);
        outcomes.awaitFirst(order.toString(), SOON);
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
    void theEventThatTheseTestsPlaceIsTheOneOfTheSchema() throws Exception {
        assertThat(violations("order-placed", event(UUID.randomUUID(), "tok_ok", "")))
                .isEmpty();
        assertThat(violations("order-placed", "{}".getBytes(StandardCharsets.UTF_8)))
                .isNotEmpty();
        assertThat(violations("fulfilment-decided", event(UUID.randomUUID(), "tok_ok", "")))
                .isNotEmpty();
    }

    @Test
    void showsItsMetricsAndNothingElse() throws Exception {
        UUID order = place("tok_ok");
        outcomes.awaitFirst(order.toString(), SOON);
        try (var http = HttpClient.newHttpClient()) {
            assertThat(get(http, "/actuator/health/readiness").body()).contains("UP");
            assertThat(get(http, "/actuator/prometheus").body())
                    .contains(
                            "meridian_fulfilment_outcomes_total",
                            "meridian_queue_handling_seconds_bucket",
                            "meridian_queue_deliveries_total",
                            "meridian_queue_resting");
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

    private static byte[] event(UUID order, String token, String more) {
        return """
                {"orderId":"%s","customer":"alice","placedAt":"2026-01-01T00:00:00.123456Z",
                 "lines":[{"sku":"TEA-001","quantity":2}],"total":{"amount":"24.00","currency":"EUR"},
                 "paymentToken":"%s"%s}
                """.formatted(order, token, more).getBytes(StandardCharsets.UTF_8);
    }

    private void send(String key, byte[] value, String type) {
        var record = new ProducerRecord<>("orders.placed", key, value);
        record.headers()
                .add("ce_specversion", "1.0".getBytes(StandardCharsets.UTF_8))
                .add("ce_id", UUID.randomUUID().toString().getBytes(StandardCharsets.UTF_8))
                .add("ce_source", "/orders-service".getBytes(StandardCharsets.UTF_8))
                .add("ce_type", type.getBytes(StandardCharsets.UTF_8))
                .add("traceparent", ("00-" + TRACE + "-00f067aa0ba902b7-01").getBytes(StandardCharsets.UTF_8));
        plain.send(record);
    }

    // Not the worker's own template: that one would put its own trace on what it sends.
    private final KafkaTemplate<String, byte[]> plain = plain();

    private static KafkaTemplate<String, byte[]> plain() {
        return new KafkaTemplate<>(new DefaultKafkaProducerFactory<>(
                Map.of("bootstrap.servers", BackingServices.shared().kafkaBootstrapServers()),
                new StringSerializer(),
                new ByteArraySerializer()));
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

package dev.meridian.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.local.BackingServices;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.test.context.ContextConfiguration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The whole worker, between the real queue and the real database, and what tests say to it and hear of it. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
@ContextConfiguration(initializers = Backing.class)
abstract class RunningWorker {

    static final Duration SOON = Duration.ofSeconds(20);

    static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

    @Autowired
    JdbcClient jdbc;

    @Autowired
    MeterRegistry meters;

    @Autowired
    HikariDataSource pool;

    final JsonMapper json = JsonMapper.builder().build();

    final Topic outcomes = new Topic("fulfilment.outcomes");

    final Topic deadLetters = new Topic("fulfilment.dead-letters");

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

    UUID place(String token) {
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

    void cancel(UUID order, String more) {
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

    void send(String key, byte[] value, String type) {
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
    void awaitBook(UUID order, String statusAndPayment) {
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
    int held(UUID order) {
        return jdbc.sql("SELECT coalesce(sum(quantity), 0) FROM reservation WHERE order_id = ?")
                .param(order)
                .query(Integer.class)
                .single();
    }

    int available(String sku) {
        return jdbc.sql("SELECT available FROM stock WHERE sku = ?")
                .param(sku)
                .query(Integer.class)
                .single();
    }

    int retriesWaiting() {
        return jdbc.sql("SELECT count(*) FROM retry").query(Integer.class).single();
    }

    double refunds(String result) {
        return meters.counter("meridian.fulfilment.refunds", "result", result).count();
    }

    // Not the worker's own template: that one would put its own trace on what it sends.
    final KafkaTemplate<String, byte[]> plain = plain();

    static KafkaTemplate<String, byte[]> plain() {
        return new KafkaTemplate<>(new DefaultKafkaProducerFactory<>(
                BackingServices.shared().kafkaAdministrator(), new StringSerializer(), new ByteArraySerializer()));
    }

    JsonNode value(ConsumerRecord<String, byte[]> record) {
        return json.readTree(record.value());
    }

    static List<Error> violations(String schema, byte[] value) throws IOException {
        Path file = Path.of("../docs/events/" + schema + ".schema.json");
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(Files.readString(file), InputFormat.JSON)
                .validate(
                        new String(value, StandardCharsets.UTF_8),
                        InputFormat.JSON,
                        context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)));
    }
}

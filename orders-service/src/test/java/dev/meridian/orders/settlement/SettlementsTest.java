package dev.meridian.orders.settlement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.orders.Api;
import dev.meridian.orders.Feed;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.kafka.core.KafkaTemplate;
import tools.jackson.databind.json.JsonMapper;

@RunningService
class SettlementsTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private final KafkaTemplate<String, String> kafka;
    private final String customer = "customer-" + UUID.randomUUID();
    private final String token = Tokens.of(customer);
    private final Feed changes;
    private Api api = new Api(0);

    SettlementsTest(
            @Autowired KafkaTemplate<String, String> kafka,
            @Value("${spring.kafka.bootstrap-servers}") String bootstrapServers) {
        this.kafka = kafka;
        this.changes = new Feed(bootstrapServers, "orders.changed");
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
    void theFirstOutcomeStandsAndIsToldOnce() {
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
                        2, Duration.ofSeconds(1), record -> record.key().equals(id)))
                .hasSize(1);
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

    @Test
    void whatCannotBeReadStopsNobody() {
        String id = place();

        kafka.send("fulfilment.outcomes", 0, id, "garbage without headers");
        send(id, Outcome.TYPE, "\u0000\u0001 garbage");
        send(id, Outcome.TYPE, "null");
        send(id, Outcome.TYPE, "{\"orderId\":\"" + id + "\",\"outcome\":\"EATEN\"}");
        send(id, Outcome.TYPE, "{\"orderId\":\"" + id + "\",\"outcome\":\"REJECTED\"}");
        send(id, "dev.meridian.fulfilment.invented", confirmed(id));
        send(id, Outcome.TYPE, confirmed(UUID.randomUUID().toString()));
        assertThat(api.get("/api/orders/" + id, token).json().at("/status").asString())
                .isEqualTo("PLACED");
        send(id, Outcome.TYPE, confirmed(id).replace("{", "{\"added\":\"later\","));

        awaitStatus(id, "CONFIRMED");
    }

    @Test
    void aTombstoneAndBytesThatAreNoTextStopNobody(
            @Value("${spring.kafka.bootstrap-servers}") String bootstrapServers) {
        String id = place();
        byte[] type = Outcome.TYPE.getBytes(StandardCharsets.UTF_8);
        byte[] rejection = rejected(id, "OUT_OF_STOCK").getBytes(StandardCharsets.UTF_8);
        byte[] deep = "[".repeat(100_000).getBytes(StandardCharsets.UTF_8);
        byte[] confirmation =
                confirmed(id).replace("{", "{\"added\":\"later\",").getBytes(StandardCharsets.UTF_8);

        try (var raw = new KafkaProducer<>(
                Map.<String, Object>of("bootstrap.servers", bootstrapServers),
                new StringSerializer(),
                new ByteArraySerializer())) {
            raw.send(outcome(id, type, null));
            raw.send(outcome(null, type, null));
            raw.send(outcome(id, type, new byte[] {(byte) 0xC3, 0x28, (byte) 0xFF, 0}));
            raw.send(outcome(id, type, new byte[0]));
            raw.send(outcome(id, type, deep));
            raw.send(outcome(id, new byte[] {(byte) 0xFF}, rejection));
            raw.send(outcome(id, null, rejection)); // a header without a value
            raw.send(outcome(id, type, confirmation));
        }

        awaitStatus(id, "CONFIRMED");
    }

    @SuppressWarnings("NullAway") // Kafka takes null for each of them and has no annotations to say so
    private static ProducerRecord<String, byte[]> outcome(
            @Nullable String key, byte @Nullable [] type, byte @Nullable [] value) {
        var message = new ProducerRecord<>("fulfilment.outcomes", 0, key, value);
        message.headers().add("ce_type", type);
        return message;
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
        kafka.send(message);
    }

    private Api.Answer awaitStatus(String id, String status) {
        return await().atMost(SOON)
                .until(
                        () -> api.get("/api/orders/" + id, token),
                        order -> order.json().at("/status").asString().equals(status));
    }
}

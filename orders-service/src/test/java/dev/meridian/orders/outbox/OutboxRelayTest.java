package dev.meridian.orders.outbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.meridian.orders.Api;
import dev.meridian.orders.Feed;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
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
import org.springframework.kafka.support.ProducerListener;
import org.springframework.transaction.support.TransactionTemplate;

@RunningService
class OutboxRelayTest {

    private static final String TOPIC = "orders.placed";
    private static final Duration SOON = Duration.ofSeconds(30);

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final Outbox outbox;
    private final OutboxRelay running;
    private final KafkaTemplate<String, String> kafka;
    private final ProducerFactory<String, String> producers;
    private final Feed feed;

    @Autowired
    OutboxRelayTest(
            JdbcClient jdbc,
            TransactionTemplate transaction,
            Outbox outbox,
            OutboxRelay running,
            KafkaTemplate<String, String> kafka,
            ProducerFactory<String, String> producers,
            @Value("${spring.kafka.bootstrap-servers}") String bootstrapServers) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.outbox = outbox;
        this.running = running;
        this.kafka = kafka;
        this.producers = producers;
        this.feed = new Feed(bootstrapServers, TOPIC);
    }

    @BeforeEach
    void quiet() {
        running.stop();
        await().atMost(SOON).until(() -> {
            relay(kafka).relay();
            return waiting() == 0;
        });
    }

    @AfterEach
    void resume() {
        feed.close();
        running.start();
    }

    @Test
    void anOrderLeavesWithItsTrace(@LocalServerPort int port) {
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
        relay(kafka).relay();

        List<ConsumerRecord<String, String>> published =
                feed.await(1, SOON, record -> record.key().equals(id));
        assertThat(published).hasSize(1);
        assertThat(Feed.header(published.getFirst(), "ce_type")).isEqualTo("dev.meridian.order.placed");
        assertThat(Feed.header(published.getFirst(), "traceparent")).startsWith("00-" + trace);
        assertThat(published.getFirst().value())
                .contains("\"paymentToken\":\"tok_ok\"")
                .contains("{\"sku\":\"TEA-001\",\"quantity\":2}");
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
            append(ids.stream().map(id -> event(id, payload)).toList());
        }

        try (var relays = Executors.newFixedThreadPool(3)) {
            for (int i = 0; i < 3; i++) {
                relays.submit(() -> {
                    OutboxRelay relay = relay(kafka);
                    while (waiting() > 0) {
                        relay.relay();
                    }
                });
            }
        }

        List<ConsumerRecord<String, String>> published =
                feed.await(orders * events + 1, Duration.ofSeconds(5), record -> ours.contains(record.key()));
        assertThat(published).hasSize(orders * events);
        for (UUID id : ids) {
            assertThat(published.stream()
                            .filter(record -> record.key().equals(id.toString()))
                            .map(ConsumerRecord::value))
                    .containsExactly("0", "1", "2", "3", "4");
        }
    }

    @Test
    void anOrdersSecondEventWaitsForItsFirst() {
        UUID id = UUID.randomUUID();
        UUID other = UUID.randomUUID();
        append(List.of(event(id, "first"), event(id, "second"), event(other, "only")));

        assertThat(relay(kafka).relay()).isEqualTo(2);
        assertThat(relay(kafka).relay()).isEqualTo(1);
        assertThat(relay(kafka).relay()).isZero();
    }

    @Test
    void whatTheBrokerDidNotAcknowledgeStays() {
        // Nobody listens there: the send fails once the producer has waited for max.block.ms.
        var nowhere = new DefaultKafkaProducerFactory<String, String>(producers.getConfigurationProperties());
        nowhere.updateConfigs(Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, "127.0.0.1:1", ProducerConfig.MAX_BLOCK_MS_CONFIG, "200"));
        UUID id = UUID.randomUUID();
        append(List.of(event(id, "patient")));

        var unreachable = new KafkaTemplate<String, String>(nowhere);
        unreachable.setProducerListener(new ProducerListener<>() {});
        OutboxRelay cutOff = relay(unreachable);
        assertThatThrownBy(cutOff::relay).isInstanceOf(RuntimeException.class);
        assertThat(waiting()).isEqualTo(1);
        assertThat(relay(kafka).relay()).isEqualTo(1);
        assertThat(waiting()).isZero();
        assertThat(feed.await(1, SOON, record -> record.key().equals(id.toString())))
                .hasSize(1);
        nowhere.destroy();
    }

    @Test
    void theRunningRelayIsWokenByACommitAndFindsWhatOthersLeft() {
        running.start();
        UUID woken = UUID.randomUUID();
        append(List.of(event(woken, "announced")));
        assertThat(feed.await(1, SOON, record -> record.key().equals(woken.toString())))
                .hasSize(1);

        UUID left = UUID.randomUUID();
        jdbc.sql("""
                INSERT INTO outbox (order_id, topic, type, payload, created_at) VALUES (?, ?, 'test', 'left', now())""").params(left, TOPIC).update();
        assertThat(feed.await(1, SOON, record -> record.key().equals(left.toString())))
                .hasSize(1);
    }

    @Test
    void anEventIsOnlyWrittenInsideTheTransactionOfWhatItTells() {
        assertThatThrownBy(() -> outbox.append(event(UUID.randomUUID(), "stray")))
                .isInstanceOf(org.springframework.transaction.IllegalTransactionStateException.class);
    }

    private OutboxRelay relay(KafkaTemplate<String, String> kafka) {
        return new OutboxRelay(
                jdbc,
                transaction,
                kafka,
                new Doorbell(),
                new OutboxSettings(100, Duration.ofMillis(50), Duration.ofMillis(50)),
                new SimpleMeterRegistry());
    }

    private static Outbox.Event event(UUID id, String payload) {
        return new Outbox.Event(id, TOPIC, "test", payload, null);
    }

    private void append(List<Outbox.Event> events) {
        transaction.executeWithoutResult(status -> outbox.append(new ArrayList<>(events)));
    }

    private int waiting() {
        return jdbc.sql("SELECT count(*) FROM outbox").query(Integer.class).single();
    }
}

package dev.meridian.orders;

import static org.awaitility.Awaitility.await;

import dev.meridian.local.BackingServices;
import dev.meridian.orders.live.Feeding;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Each topic that this service reads gets records of every odd kind, in an order that follows from a seed, and forty
 * good ones among them, which are handled in good time. {@code -Doddities.seed=N} repeats a run.
 */
@RunningService
@Import(Feeding.class)
class OddRecordsTest {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int GOOD = 40;
    private static final int ODD = 120;

    private final long seed = Long.getLong("oddities.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final String customer = "customer-" + UUID.randomUUID();
    private final JdbcClient jdbc;
    private final Feeding feeding;
    private final KafkaProducer<byte[], byte[]> producer;
    private Api api = new Api(0);

    @Autowired
    OddRecordsTest(JdbcClient jdbc, Feeding feeding) {
        this.jdbc = jdbc;
        this.feeding = feeding;
        Map<String, Object> settings = new HashMap<>(BackingServices.shared().kafkaAdministrator());
        settings.put("max.request.size", "1048576");
        this.producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        api = new Api(port);
    }

    @AfterEach
    void close() {
        producer.close(Duration.ofSeconds(1));
    }

    @Test
    void fortyOrdersSettleAmongOddOutcomes() {
        List<String> ids = IntStream.range(0, GOOD).mapToObj(n -> place()).toList();
        String contradicted = place();
        int before = setAside("fulfilment.outcomes");
        Function<String, String> outcome =
                id -> "{\"orderId\":\"" + id + "\",\"outcome\":\"CONFIRMED\",\"decidedAt\":\"2026-03-01T10:00:00Z\"}";
        List<ProducerRecord<byte[], byte[]>> twice = List.of(
                good("fulfilment.outcomes", "dev.meridian.fulfilment.decided", contradicted, outcome),
                good("fulfilment.outcomes", "dev.meridian.fulfilment.decided", contradicted, outcome),
                good(
                        "fulfilment.outcomes",
                        "dev.meridian.fulfilment.decided",
                        contradicted,
                        id -> outcome.apply(id).replace("CONFIRMED", "REJECTED\",\"reason\":\"OUT_OF_STOCK")));
        send("fulfilment.outcomes", "dev.meridian.fulfilment.decided", ids, outcome, twice);

        await("seed " + seed)
                .atMost(SOON)
                .until(() -> count(
                                "SELECT count(*) FROM orders WHERE customer = ? AND status = 'CONFIRMED' AND version = 2",
                                customer)
                        == GOOD + 1);
        await("seed " + seed).atMost(SOON).until(() -> setAside("fulfilment.outcomes") - before >= ODD / 2);
    }

    @Test
    void fortyDeadLettersAreStoredAmongOddOnes() {
        int before = setAside("fulfilment.dead-letters");
        List<String> ids = IntStream.range(0, GOOD)
                .mapToObj(n -> UUID.randomUUID().toString())
                .toList();

        send(
                "fulfilment.dead-letters",
                "dev.meridian.fulfilment.dead-letter",
                ids,
                id -> "{\"orderId\":\"" + id + "\",\"topic\":\"orders.placed\",\"partition\":0,\"offset\":1,"
                        + "\"failures\":10,\"reason\":\"NUL \\u0000 and half a \\ud800 pair\","
                        + "\"failedAt\":\"2026-03-01T10:00:00Z\",\"content\":\"AAEC\"}",
                List.of());

        await("seed " + seed)
                .atMost(SOON)
                .until(() ->
                        jdbc.sql("SELECT count(*) FROM dead_letters WHERE order_id = ANY (?::uuid[]) AND failures = 10")
                                        .param(ids.toArray(String[]::new))
                                        .query(Integer.class)
                                        .single()
                                == GOOD);
        await("seed " + seed).atMost(SOON).until(() -> setAside("fulfilment.dead-letters") - before >= ODD / 2);
    }

    @Test
    void fortyChangesAreToldAmongOddOnes() {
        feeding.awaitFeed();
        List<String> ids = IntStream.range(0, GOOD)
                .mapToObj(n -> UUID.randomUUID().toString())
                .toList();
        try (var opened = feeding.open(ids)) {
            send(
                    "orders.changed",
                    "dev.meridian.order.changed",
                    ids,
                    id -> "{\"customer\":\"" + customer + "\",\"order\":{\"id\":\"" + id
                            + "\",\"version\":2,\"status\":\"CONFIRMED\"}}",
                    List.of());

            await("seed " + seed).atMost(SOON).until(() -> opened.told().size() == GOOD);
        }
    }

    /** Good and odd records in any order, all on one partition, so that each is behind others. */
    private void send(
            String topic,
            String type,
            List<String> ids,
            Function<String, String> event,
            List<ProducerRecord<byte[], byte[]>> more) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        ids.forEach(id -> records.add(good(topic, type, id, event)));
        for (int n = 0; n < ODD; n++) {
            String id = ids.get(random.nextInt(ids.size()));
            records.add(odd(topic, type, id, bytes(event.apply(id))));
        }
        java.util.Collections.shuffle(records, random);
        records.addAll(records.size() / 2, more);
        records.forEach(producer::send);
        producer.flush();
    }

    private ProducerRecord<byte[], byte[]> good(String topic, String type, String id, Function<String, String> event) {
        ProducerRecord<byte[], byte[]> good = record(topic, bytes(id), bytes(event.apply(id)));
        good.headers().add("ce_type", bytes(type));
        if (random.nextBoolean()) { // what is no trace is not carried on, and stops nothing
            good.headers()
                    .add(
                            "traceparent",
                            random.nextBoolean() ? null : bytes("00-\u0000" + "a".repeat(random.nextInt(99))));
        }
        return good;
    }

    /** A record that is no event of the type, or is not readable, in one of many ways. */
    private ProducerRecord<byte[], byte[]> odd(String topic, String type, String id, byte[] event) {
        byte @Nullable [] none = topic.equals("orders.changed") ? new byte[0] : null; // a compacted topic refuses null
        byte @Nullable [] key = pick(
                none, new byte[0], bytes(id), bytes("no id\u0000"), new byte[] {(byte) 0xC3, 0x28}, bytes("1-1-1-1-1"));
        byte @Nullable [] value =
                switch (random.nextInt(12)) {
                    case 0 -> null;
                    case 1 -> new byte[0];
                    case 2 -> bytes("null");
                    case 3 -> bytes("[1,2]");
                    case 4 -> bytes("\u0000\u0001 garbage");
                    case 5 -> new byte[] {(byte) 0xC3, 0x28, (byte) 0xFF, 0};
                    case 6 -> Arrays.copyOf(event, random.nextInt(event.length)); // broken off
                    case 7 -> bytes("[".repeat(100_000));
                    case 8 -> bytes("{\"x\":\"" + "x".repeat(900_000)); // huge, and broken off
                    case 9 -> bytes(new String(event, StandardCharsets.UTF_8).replace(id, "no id"));
                    case 10 -> bytes("{\"orderId\":{},\"order\":7,\"topic\":[],\"outcome\":1e999999}");
                    default -> noise();
                };
        byte @Nullable [] foundType =
                switch (random.nextInt(5)) {
                    case 0 -> null;
                    case 1 -> bytes(type + ".invented\u0000");
                    default -> bytes(type);
                };
        // Of the odd kinds one is only odd in its type.
        ProducerRecord<byte[], byte[]> odd =
                record(topic, key, !Arrays.equals(foundType, bytes(type)) && random.nextBoolean() ? event : value);
        if (random.nextInt(10) > 0 || Arrays.equals(foundType, bytes(type))) {
            odd.headers().add("ce_type", foundType);
        }
        odd.headers()
                .add(pick("", "traceparent", "ce_id", "\u0000"), pick(null, new byte[0], bytes("\u0000"), noise()));
        return odd;
    }

    @SuppressWarnings("NullAway") // Kafka takes null for both and has no annotations to say so
    private static ProducerRecord<byte[], byte[]> record(String topic, byte @Nullable [] key, byte @Nullable [] value) {
        return new ProducerRecord<>(topic, 0, key, value);
    }

    @SafeVarargs
    private <T> @Nullable T pick(@Nullable T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private byte[] noise() {
        byte[] noise = new byte[random.nextInt(2_000)];
        random.nextBytes(noise);
        return noise;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private String place() {
        return api.place(customer, Api.order("TEA-001", 1)).json().at("/id").asString();
    }

    private int setAside(String topic) {
        return count("SELECT count(*) FROM dead_letters WHERE topic = ? AND origin_topic = topic", topic);
    }

    private int count(String sql, String parameter) {
        return jdbc.sql(sql).param(parameter).query(Integer.class).single();
    }
}

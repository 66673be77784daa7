package dev.meridian.orders.deadletters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.BackingServices;
import dev.meridian.orders.Api;
import dev.meridian.orders.AsyncApi;
import dev.meridian.orders.Feed;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@RunningService
class DeadLettersTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String OPERATOR = Tokens.of("olga", "ops");

    private final JdbcClient jdbc;
    private final DeadLetterListener listener;
    private final DeadLetters letters;
    private final MeterRegistry metrics;
    private final KafkaProducer<byte[], byte[]> worker;
    private final Feed placed;
    private Api api = new Api(0);

    @Autowired
    DeadLettersTest(JdbcClient jdbc, DeadLetterListener listener, DeadLetters letters, MeterRegistry metrics) {
        this.jdbc = jdbc;
        this.listener = listener;
        this.letters = letters;
        this.metrics = metrics;
        this.worker = new KafkaProducer<>(
                BackingServices.shared().kafkaAdministrator(), new ByteArraySerializer(), new ByteArraySerializer());
        this.placed = new Feed("orders.placed");
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        api = new Api(port);
    }

    @AfterEach
    void close() {
        worker.close(Duration.ofSeconds(1));
        placed.close();
    }

    @Test
    void aLetterIsListedAndItsEventIsMadeAgainFromTheOrder() {
        ConsumerRecord<String, String> original = placed();
        tell(original.key(), letter(original));

        JsonNode letter = listedOf(original.key());
        assertThat(letter.at("/topic").asString()).isEqualTo("orders.placed");
        assertThat(letter.at("/partition").asInt()).isEqualTo(original.partition());
        assertThat(letter.at("/offset").asLong()).isEqualTo(original.offset());
        assertThat(letter.at("/type").asString()).isEqualTo("dev.meridian.order.placed");
        assertThat(letter.at("/failures").asInt()).isEqualTo(10);
        assertThat(letter.at("/reason").asString()).isEqualTo("The provider did not answer");
        assertThat(letter.at("/diedAt").asString()).isEqualTo("2026-03-01T10:00:00Z");
        assertThat(letter.at("/payload")).isEqualTo(JsonMapper.shared().readTree(original.value()));
        assertThat(letter.has("redrivenAt")).isFalse();
        String path = "/api/dead-letters/" + letter.at("/id").asLong();
        assertThat(api.get(path, OPERATOR).json()).isEqualTo(letter);

        Api.Answer redriven = redrive(path);

        assertThat(redriven.status()).isEqualTo(200);
        assertThat(redriven.json().at("/redrivenBy").asString()).isEqualTo("olga");
        assertThat(redriven.json().at("/redrivenAt").asString()).isNotEmpty();
        List<ConsumerRecord<String, String>> sent =
                placed.await(2, SOON, record -> record.key().equals(original.key()));
        assertThat(sent).hasSize(2);
        ConsumerRecord<String, String> again = sent.getLast();
        assertThat(JsonMapper.shared().readTree(again.value()))
                .isEqualTo(JsonMapper.shared().readTree(original.value()));
        assertThat(AsyncApi.read().differences(again)).isEmpty();
        assertThat(Feed.header(again, "ce_id")).isNotEmpty().isNotEqualTo(Feed.header(original, "ce_id"));

        Api.Answer second = redrive(path);
        assertThat(second.status()).isEqualTo(409);
        assertThat(second.problem()).isEqualTo("already-redriven");
        assertThat(api.get("/api/dead-letters?open=true&limit=100", OPERATOR)
                        .json()
                        .at("/deadLetters"))
                .noneMatch(open -> open.at("/id").equals(letter.at("/id")));
        assertThat(api.get("/api/dead-letters?open=false&limit=100", OPERATOR)
                        .json()
                        .at("/deadLetters"))
                .anyMatch(closed -> closed.at("/id").equals(letter.at("/id")));
    }

    @Test
    void aCancellationIsToldAgainAndOnlyOfACancelledOrder() {
        ConsumerRecord<String, String> original = placed();
        String id = original.key();
        try (Feed cancelled = new Feed("orders.cancelled")) {
            tell(id, letter(id, "orders.cancelled", 3, "It failed"));
            String path = "/api/dead-letters/" + listedOf(id).at("/id").asLong();
            assertThat(redrive(path).problem()).isEqualTo("not-redrivable");

            api.cancel("alice", id);
            assertThat(redrive(path).status()).isEqualTo(200);

            List<ConsumerRecord<String, String>> told =
                    cancelled.await(2, SOON, record -> record.key().equals(id));
            assertThat(told).hasSize(2);
            assertThat(AsyncApi.read().differences(told.getLast())).isEmpty();
        }
    }

    /** The version before this one stored the broker's copies, with their headers and count of deliveries. */
    @Test
    void aLetterOfTheTopicBeforeStaysListedAndCanBeSentAgain() {
        ConsumerRecord<String, String> original = placed();
        jdbc.sql("""
                INSERT INTO dead_letters (topic, partition, position, origin_topic, origin_partition, origin_offset,
                                          order_id, type, payload, headers, deliveries, reason, died_at)
                VALUES ('dlq.fulfilment', 0, ?, 'orders.placed', 0, 5, ?::uuid, 'dev.meridian.order.placed', ?,
                        '{"ce_type": "dev.meridian.order.placed"}', 25, 'Offset delivery count exceeded.', now())""")
                .params(System.nanoTime(), original.key(), original.value().getBytes(StandardCharsets.UTF_8))
                .update();

        JsonNode letter = listedOf(original.key());
        assertThat(letter.at("/failures").asInt()).isEqualTo(25);
        assertThat(redrive("/api/dead-letters/" + letter.at("/id").asLong()).status())
                .isEqualTo(200);
        assertThat(placed.await(2, SOON, record -> record.key().equals(original.key())))
                .hasSize(2);
    }

    @Test
    void anUnknownOrderAndAnUnknownTopicCannotBeSentAgain() {
        String unknown = UUID.randomUUID().toString();
        tell(unknown, letter(unknown, "orders.placed", 0, "It names no order"));
        String known = placed().key();
        tell(known, letter(known, "fulfilment.outcomes", 0, "Set aside"));

        for (String id : List.of(unknown, known)) {
            Api.Answer answer =
                    redrive("/api/dead-letters/" + listedOf(id).at("/id").asLong());
            assertThat(answer.status()).isEqualTo(422);
            assertThat(answer.problem()).isEqualTo("not-redrivable");
            assertThat(listedOf(id).has("redrivenAt")).isFalse();
        }
    }

    @Test
    void ofManyRedrivesAtTheSameTimeOneSends() throws Exception {
        ConsumerRecord<String, String> original = placed();
        tell(original.key(), letter(original));
        String path = "/api/dead-letters/" + listedOf(original.key()).at("/id").asLong();

        List<Integer> statuses = new ArrayList<>();
        try (var operators = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Integer>> wishes = IntStream.range(0, 8)
                    .<Callable<Integer>>mapToObj(n -> () -> redrive(path).status())
                    .toList();
            for (Future<Integer> answer : operators.invokeAll(wishes)) {
                statuses.add(answer.get());
            }
        }

        assertThat(statuses).containsOnlyOnce(200).containsOnly(200, 409);
        // The next order's event leaves after all of these.
        ConsumerRecord<String, String> next = placed();
        assertThat(placed.await(1, SOON, record -> record.key().equals(next.key())))
                .hasSize(1);
        assertThat(placed.await(3, Duration.ofSeconds(1), record -> record.key().equals(original.key())))
                .hasSize(2);
    }

    @Test
    void aLetterThatComesTwiceIsStoredOnce() {
        String id = UUID.randomUUID().toString();
        ConsumerRecord<String, byte[]> record = received(id, letter(id, "orders.placed", 10, "It failed"));

        listener.store(List.of(record, record));
        listener.store(List.of(record));

        assertThat(stored(id)).isEqualTo(1);
    }

    @Test
    void aLetterThatTheDatabaseRefusesIsSetAsideAlone() {
        List<String> ids = IntStream.range(0, 5)
                .mapToObj(n -> UUID.randomUUID().toString())
                .toList();

        listener.store(ids.stream()
                .map(id -> received(
                        id,
                        letter(id, "orders.placed", 10, "It failed")
                                .replace("2026-", id.equals(ids.get(3)) ? "+999999999-" : "2026-")))
                .toList());

        ids.forEach(id -> assertThat(stored(id)).isEqualTo(1));
        assertThat(listedOf(ids.get(2)).at("/topic").asString()).isEqualTo("orders.placed");
        JsonNode refused = listedOf(ids.get(3));
        assertThat(refused.at("/topic").asString()).isEqualTo("fulfilment.dead-letters");
        assertThat(refused.at("/reason").asString()).contains("out of range");
    }

    @Test
    void contentThatIsNoJsonIsShownInBase64AndLargeContentIsCut() {
        String large = "{\"padding\":\"" + "x".repeat(DeadLetters.SHOWN) + "\"}";
        for (String content : List.of("", "\u0000\u0001 garbage", large)) {
            String id = UUID.randomUUID().toString();
            tell(
                    id,
                    letter(id, "orders.placed", 0, "It is no event")
                            .replace("\"failures\"", "\"content\":\"" + base64(content) + "\",\"failures\""));

            JsonNode letter = listedOf(id);
            String kept = content.substring(0, Math.min(content.length(), DeadLetters.SHOWN));
            assertThat(letter.at("/payloadSize").asInt()).isEqualTo(kept.length());
            assertThat(letter.at("/payloadBase64").asString()).isEqualTo(base64(kept));
        }
        String without = UUID.randomUUID().toString();
        tell(without, letter(without, "orders.placed", 0, "It has no value"));
        assertThat(listedOf(without).has("payloadSize")).isFalse();
    }

    @Test
    void pagesFollowEachOtherNewestFirst() {
        List<String> keys = IntStream.range(0, 5)
                .mapToObj(n -> UUID.randomUUID().toString())
                .toList();
        keys.forEach(key -> tell(key, letter(key, "orders.placed", 10, "It failed")));
        keys.forEach(this::listedOf);

        List<Long> ids = new ArrayList<>();
        List<String> seen = new ArrayList<>();
        String path = "/api/dead-letters?limit=2";
        while (!seen.containsAll(keys)) {
            JsonNode page = api.get(path, OPERATOR).json();
            assertThat(page.at("/deadLetters").size()).isBetween(1, 2);
            page.at("/deadLetters").forEach(letter -> {
                ids.add(letter.at("/id").asLong());
                seen.add(letter.at("/orderId").asString(""));
            });
            path = "/api/dead-letters?limit=2&cursor=" + page.at("/nextCursor").asString("");
        }
        assertThat(ids).doesNotHaveDuplicates().isSortedAccordingTo(java.util.Comparator.reverseOrder());
        assertThat(seen.stream().filter(keys::contains)).containsExactlyElementsOf(keys.reversed());
    }

    @Test
    void whatIsNotThereOrNotRightIsRefused() {
        assertThat(api.get("/api/dead-letters/9223372036854775807", OPERATOR).problem())
                .isEqualTo("no-such-dead-letter");
        assertThat(redrive("/api/dead-letters/9223372036854775807").problem()).isEqualTo("no-such-dead-letter");
        assertThat(api.get("/api/dead-letters/latest", OPERATOR).status()).isEqualTo(400);
        assertThat(api.get("/api/dead-letters?cursor=..", OPERATOR).problem()).isEqualTo("invalid-cursor");
        assertThat(api.get("/api/dead-letters?cursor=LTE", OPERATOR).problem()).isEqualTo("invalid-cursor");
        assertThat(api.get("/api/dead-letters?limit=101", OPERATOR).problem()).isEqualTo("invalid-request");
        for (String otherForm : List.of(
                "/0x1",
                "/%201",
                "/+1",
                "/%D9%A3",
                "?limit=0x5",
                "?limit=",
                "?open=yes",
                "?open=1",
                "?open=TRUE",
                "?open=perhaps",
                "?open=")) {
            assertThat(api.get("/api/dead-letters" + otherForm, OPERATOR).problem())
                    .as(otherForm)
                    .isEqualTo("bad-request");
        }
    }

    @Test
    void theGaugeCountsThoseThatCanBeSentAgain() {
        letters.count();
        double before = metrics.get("meridian.dead.letters.open").gauge().value();
        String id = UUID.randomUUID().toString();
        listener.store(List.of(
                received(id, letter(id, "orders.placed", 10, "It failed")),
                received(id, letter(id, "fulfilment.outcomes", 0, "Set aside"))));

        letters.count();

        assertThat(metrics.get("meridian.dead.letters.open").gauge().value()).isEqualTo(before + 1);
    }

    private Api.Answer redrive(String path) {
        return api.send(api.request(path + "/redrive").POST(HttpRequest.BodyPublishers.noBody()), OPERATOR);
    }

    /** The letter of that order among the newest hundred; missing where there is none. */
    private JsonNode listed(String orderId) {
        for (JsonNode letter :
                api.get("/api/dead-letters?limit=100", OPERATOR).json().at("/deadLetters")) {
            if (letter.at("/orderId").asString("").equals(orderId)) {
                return letter;
            }
        }
        return tools.jackson.databind.node.MissingNode.getInstance();
    }

    /** A placed order's event on its topic. */
    private ConsumerRecord<String, String> placed() {
        String id = api.place("alice", Api.order("TEA-001", 1)).json().at("/id").asString();
        return placed.await(1, SOON, record -> record.key().equals(id)).getFirst();
    }

    /** The stored letter of that order, which is awaited. */
    private JsonNode listedOf(String orderId) {
        return await().atMost(SOON).until(() -> listed(orderId), found -> !found.isMissingNode());
    }

    private long stored(String orderId) {
        return jdbc.sql("SELECT count(*) FROM dead_letters WHERE order_id = ?::uuid")
                .param(orderId)
                .query(Long.class)
                .single();
    }

    private static String letter(ConsumerRecord<String, String> original) {
        return """
                {"orderId":"%s","topic":"%s","partition":%d,"offset":%d,"type":"dev.meridian.order.placed","failures":10,
                "reason":"The provider did not answer","failedAt":"2026-03-01T10:00:00Z","content":"%s"}""".formatted(
                original.key(), original.topic(), original.partition(), original.offset(), base64(original.value()));
    }

    private static String letter(String orderId, String topic, int failures, String reason) {
        return """
                {"orderId":"%s","topic":"%s","partition":0,"offset":17,"failures":%d,"reason":"%s",
                "failedAt":"2026-03-01T10:00:00Z"}""".formatted(orderId, topic, failures, reason);
    }

    private static String base64(String content) {
        return Base64.getEncoder().encodeToString(content.getBytes(StandardCharsets.UTF_8));
    }

    /** As the worker tells it. */
    private void tell(String key, String letter) {
        var record = new ProducerRecord<>(
                "fulfilment.dead-letters",
                key.getBytes(StandardCharsets.UTF_8),
                letter.getBytes(StandardCharsets.UTF_8));
        record.headers().add("ce_type", FulfilmentDeadLetter.TYPE.getBytes(StandardCharsets.UTF_8));
        worker.send(record);
        worker.flush();
    }

    /** As the listener gets it, from a partition that the topic does not have. */
    private static ConsumerRecord<String, byte[]> received(String key, String letter) {
        var record = new ConsumerRecord<>(
                "fulfilment.dead-letters", 7, System.nanoTime(), key, letter.getBytes(StandardCharsets.UTF_8));
        record.headers().add("ce_type", FulfilmentDeadLetter.TYPE.getBytes(StandardCharsets.UTF_8));
        return record;
    }
}

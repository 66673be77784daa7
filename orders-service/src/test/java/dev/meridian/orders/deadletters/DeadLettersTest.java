package dev.meridian.orders.deadletters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.orders.Api;
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
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@RunningService
class DeadLettersTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String OPERATOR = Tokens.of("olga", "ops");
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

    private final JdbcClient jdbc;
    private final Burial burial;
    private final OpenDeadLetters gauge;
    private final MeterRegistry metrics;
    private final KafkaProducer<byte[], byte[]> queue;
    private final Feed placed;
    private Api api = new Api(0);

    @Autowired
    DeadLettersTest(
            JdbcClient jdbc,
            Burial burial,
            OpenDeadLetters gauge,
            MeterRegistry metrics,
            @Value("${spring.kafka.bootstrap-servers}") String bootstrapServers) {
        this.jdbc = jdbc;
        this.burial = burial;
        this.gauge = gauge;
        this.metrics = metrics;
        this.queue = new KafkaProducer<>(
                Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers),
                new ByteArraySerializer(),
                new ByteArraySerializer());
        this.placed = new Feed(bootstrapServers, "orders.placed");
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        api = new Api(port);
    }

    @AfterEach
    void close() {
        queue.close(Duration.ofSeconds(1));
        placed.close();
    }

    @Test
    void anOrderThatDiedIsListedWithItsTypeAndSentAgainAsItWas() {
        ConsumerRecord<String, String> original = placed();
        die(original);

        JsonNode letter =
                await("it is listed").atMost(SOON).until(() -> listed(original.key()), found -> !found.isMissingNode());
        assertThat(letter.at("/topic").asString()).isEqualTo("orders.placed");
        assertThat(letter.at("/partition").asInt()).isEqualTo(original.partition());
        assertThat(letter.at("/offset").asLong()).isEqualTo(original.offset());
        assertThat(letter.at("/type").asString()).isEqualTo("dev.meridian.order.placed");
        assertThat(letter.at("/deliveries").asInt()).isEqualTo(10);
        assertThat(letter.at("/reason").asString()).isEqualTo("Offset delivery count exceeded the threshold.");
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
        assertThat(again.value()).isEqualTo(original.value());
        assertThat(Feed.header(again, "ce_type")).isEqualTo("dev.meridian.order.placed");
        assertThat(Feed.header(again, "traceparent")).startsWith("00-" + TRACE);
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
    void ofManyRedrivesAtTheSameTimeOneSends() throws Exception {
        ConsumerRecord<String, String> original = placed();
        die(original);
        String path = "/api/dead-letters/"
                + await().atMost(SOON)
                        .until(() -> listed(original.key()), found -> !found.isMissingNode())
                        .at("/id")
                        .asLong();

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
        var record = new ConsumerRecord<>(
                "dlq.fulfilment",
                7, // a partition that the topic does not have, so that nothing else is there
                System.nanoTime(),
                UUID.randomUUID().toString(),
                "{}".getBytes(StandardCharsets.UTF_8));

        burial.copy(List.of(record, record));
        burial.copy(List.of(record));

        assertThat(jdbc.sql("SELECT count(*) FROM dead_letters WHERE order_id = ?::uuid")
                        .param(record.key())
                        .query(Long.class)
                        .single())
                .isEqualTo(1);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "\u0000\u0001 garbage", "[1,2]", "null", "{\"orderId\":", "{} {}"})
    void whatIsNoEventIsKeptAndListedAndCannotBeSentAgain(@Nullable String value) {
        UUID id = UUID.randomUUID();
        byte[] content = value == null ? null : value.getBytes(StandardCharsets.UTF_8);
        bury(id.toString(), content, Map.of("topic", "orders.placed", "partition", "0", "offset", "999999999"));

        JsonNode letter = await().atMost(SOON).until(() -> listed(id.toString()), found -> !found.isMissingNode());
        if (content == null) {
            assertThat(letter.has("payloadSize")).isFalse();
        } else {
            assertThat(letter.at("/payloadSize").asInt()).isEqualTo(content.length);
            assertThat(
                            letter.has("payload")
                                    ? JsonMapper.shared().writeValueAsString(letter.at("/payload"))
                                    : new String(
                                            Base64.getDecoder()
                                                    .decode(letter.at("/payloadBase64")
                                                            .asString()),
                                            StandardCharsets.UTF_8))
                    .isEqualTo(value);
        }

        Api.Answer answer = redrive("/api/dead-letters/" + letter.at("/id").asLong());
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.problem()).isEqualTo("not-redrivable");
        assertThat(listed(id.toString()).has("redrivenAt")).isFalse();
    }

    @Test
    void nothingThatARecordSaysOfItselfKeepsLaterOnesFromBeingStored() {
        String marker = "garbled-" + UUID.randomUUID();
        bury("no order\u0000", null, Map.of("message", marker + "\u0000" + "x".repeat(5_000)));
        bury(
                null,
                new byte[] {(byte) 0xff, 0},
                Map.of(
                        "topic",
                        "orders.placed",
                        "partition",
                        "-1",
                        "offset",
                        "1e9",
                        "delivery.count",
                        "99999999999999999999"));
        UUID elsewhere = UUID.randomUUID();
        bury(
                elsewhere.toString(),
                "{}".getBytes(StandardCharsets.UTF_8),
                Map.of("topic", "orders.invented", "partition", "0", "offset", "0"));

        JsonNode last = await().atMost(SOON).until(() -> listed(elsewhere.toString()), found -> !found.isMissingNode());
        assertThat(redrive("/api/dead-letters/" + last.at("/id").asLong()).problem())
                .isEqualTo("not-redrivable");
        assertThat(api.get("/api/dead-letters?limit=100", OPERATOR).json().at("/deadLetters"))
                .anySatisfy(letter -> {
                    assertThat(letter.at("/reason").asString())
                            .startsWith(marker)
                            .hasSizeLessThanOrEqualTo(1_000);
                    assertThat(letter.has("orderId")).isFalse();
                    assertThat(redrive("/api/dead-letters/" + letter.at("/id").asLong())
                                    .status())
                            .isEqualTo(422);
                });
    }

    @Test
    void largeContentIsCut() {
        UUID id = UUID.randomUUID();
        String large = "{\"padding\":\"" + "x".repeat(DeadLetters.SHOWN) + "\"}";
        bury(id.toString(), large.getBytes(StandardCharsets.UTF_8), Map.of());

        JsonNode letter = await().atMost(SOON).until(() -> listed(id.toString()), found -> !found.isMissingNode());
        assertThat(letter.at("/payloadSize").asInt()).isEqualTo(large.length());
        assertThat(Base64.getDecoder().decode(letter.at("/payloadBase64").asString()))
                .hasSize(DeadLetters.SHOWN);
    }

    @Test
    void pagesFollowEachOtherNewestFirst() {
        List<String> keys = IntStream.range(0, 5)
                .mapToObj(n -> UUID.randomUUID().toString())
                .toList();
        keys.forEach(key -> bury(key, null, Map.of()));
        await().atMost(SOON).until(() -> !listed(keys.getLast()).isMissingNode());

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
        assertThat(api.get("/api/dead-letters?open=perhaps", OPERATOR).status()).isEqualTo(400);
    }

    @Test
    void theGaugeCountsTheOpenOnes() {
        String id = UUID.randomUUID().toString();
        bury(id, null, Map.of());
        await().atMost(SOON).until(() -> !listed(id).isMissingNode());

        gauge.count();

        assertThat(metrics.get("meridian.dead.letters.open").gauge().value()).isGreaterThanOrEqualTo(1);
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
        String id = api.send(
                        api.post(Api.order("TEA-001", 1))
                                .header("Idempotency-Key", UUID.randomUUID().toString())
                                .header("traceparent", "00-" + TRACE + "-00f067aa0ba902b7-01"),
                        Tokens.of("alice"))
                .json()
                .at("/id")
                .asString();
        return placed.await(1, SOON, record -> record.key().equals(id)).getFirst();
    }

    /** As the broker writes it: key and value of the original, none of its headers. */
    private void die(ConsumerRecord<String, String> original) {
        bury(
                original.key(),
                original.value().getBytes(StandardCharsets.UTF_8),
                Map.of(
                        "topic",
                        original.topic(),
                        "partition",
                        Integer.toString(original.partition()),
                        "offset",
                        Long.toString(original.offset()),
                        "group",
                        "fulfilment",
                        "delivery.count",
                        "10",
                        "message",
                        "Offset delivery count exceeded the threshold."));
    }

    private void bury(@Nullable String key, byte @Nullable [] value, Map<String, String> about) {
        var record = new ProducerRecord<>(
                "dlq.fulfilment", 0, key == null ? null : key.getBytes(StandardCharsets.UTF_8), value);
        about.forEach(
                (name, text) -> record.headers().add("__dlq.errors." + name, text.getBytes(StandardCharsets.UTF_8)));
        queue.send(record);
        queue.flush();
    }
}

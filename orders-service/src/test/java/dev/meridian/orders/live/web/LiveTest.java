package dev.meridian.orders.live.web;

import static dev.meridian.orders.live.web.EventStream.SOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.Mockito.doAnswer;

import dev.meridian.local.BackingServices;
import dev.meridian.orders.Api;
import dev.meridian.orders.OrdersService;
import dev.meridian.orders.OtherServices;
import dev.meridian.orders.RealBackingServices;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import dev.meridian.orders.live.Feeding;
import dev.meridian.orders.order.cache.CachedOrders;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.TestPropertySource;
import org.springframework.test.context.bean.override.mockito.MockitoSpyBean;
import tools.jackson.databind.json.JsonMapper;

/** With the safety net off unless a test asks for it, so that it hides no gap. */
@RunningService
@TestPropertySource(
        properties = {
            "meridian.live.heartbeat=300ms",
            "meridian.live.lookup=1h",
            "meridian.live.maximum=" + LiveTest.ROOM,
            "meridian.live.maximum-per-subject=" + LiveTest.OWN_ROOM
        })
@Import(Feeding.class)
@DirtiesContext // two running instances at a time are enough
class LiveTest {

    static final int ROOM = 205;
    static final int OWN_ROOM = 200;

    private static final int MORE_THAN_SOCKETS_HOLD = 16 << 20;

    private final JdbcClient jdbc;
    private final KafkaTemplate<String, String> kafka;
    private final MeterRegistry metrics;
    private final Feeding feeding;
    private final String customer = "customer-" + UUID.randomUUID();
    private final String token = Tokens.of(customer);
    private final List<EventStream> opened = new ArrayList<>();
    private int port;
    private Api api = new Api(0);

    @MockitoSpyBean
    @SuppressWarnings("NullAway.Init")
    private CachedOrders orders;

    @Autowired
    LiveTest(JdbcClient jdbc, KafkaTemplate<String, String> kafka, MeterRegistry metrics, Feeding feeding) {
        this.jdbc = jdbc;
        this.kafka = kafka;
        this.metrics = metrics;
        this.feeding = feeding;
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        this.port = port;
        api = new Api(port);
        feeding.awaitFeed();
    }

    @AfterEach
    void allStreamsEnd() {
        opened.forEach(EventStream::close);
        await("their places are free again").atMost(SOON).until(() -> openStreams() == 0);
    }

    @Test
    void theCurrentStateComesAtOnceWhateverTheClientClaimsToHave() {
        String id = place();
        open(id, null);
        for (String lastEventId : List.of("", "latest", "0", "-1", "99", "1e3", "\"1\"")) {
            open(id, lastEventId);
        }
        await().atMost(SOON)
                .until(() -> opened.stream().noneMatch(stream -> stream.ids().isEmpty()));

        assertThat(opened).allSatisfy(stream -> {
            assertThat(stream.status()).isEqualTo(200);
            assertThat(stream.header("Content-Type")).startsWith("text/event-stream");
            assertThat(stream.header("Cache-Control")).contains("private").contains("no-store");
            assertThat(stream.header("X-Accel-Buffering")).isEqualTo("no");
            assertThat(stream.retry()).matches("1[0-9]{3}|2000");
            assertThat(stream.ids()).containsExactly("1");
            var event = stream.events().getFirst();
            assertThat(event.name()).isEqualTo("order");
            assertThat(JsonMapper.shared().readTree(event.data()))
                    .isEqualTo(api.get("/api/orders/" + id, token).json());
        });
    }

    @Test
    void aChangeIsPushedWhicheverInstanceAppliedIt() {
        String id = place();
        var stream = open(id, null).awaitVersion("1");
        var other = open(place(), null).awaitVersion("1");

        // To the topic, and to no subscription of this instance directly.
        kafka.send(change(id, 1, "PLACED"));
        kafka.send(change(id, 2, "CONFIRMED"));
        kafka.send(change(id, 2, "CONFIRMED")); // told twice, as after a crash
        kafka.send(change(id, 1, "PLACED"));

        stream.awaitVersion("2");
        int comments = stream.comments();
        await("all that was sent is read").atMost(SOON).until(() -> stream.comments() > comments + 3);
        assertThat(stream.ids()).containsExactly("1", "2");
        assertThat(other.ids()).containsExactly("1");
    }

    @Test
    void anOutcomeReachesTheBrowserAndIsNotTakenBackByARead() {
        String id = place();
        assertThat(api.get("/api/orders/" + id, token).header("ETag")).isEqualTo("\"1\"");
        var stream = open(id, null).awaitVersion("1");

        settle(id);

        stream.awaitVersion("2");
        Api.Answer read = api.get("/api/orders/" + id, token);
        assertThat(read.header("ETag")).isEqualTo("\"2\"");
        assertThat(JsonMapper.shared().readTree(stream.events().getLast().data()))
                .isEqualTo(read.json());
    }

    @Test
    void aClientThatComesBackGetsWhatItLacksAndNothingElse() {
        String id = place();

        var upToDate = open(id, "1");
        await().atMost(SOON).until(() -> upToDate.comments() > 1);
        assertThat(upToDate.events()).isEmpty();

        settle(id);
        upToDate.awaitVersion("2");
        assertThat(upToDate.ids()).containsExactly("2");
        assertThat(open(id, "1").awaitVersion("2").ids()).containsExactly("2");
        var settled = open(id, "2");
        await().atMost(SOON).until(() -> settled.comments() > 1);
        assertThat(settled.events()).isEmpty();
        assertThat(feeding.awaited()).as("a final order is not looked up").doesNotContain(id);
    }

    @Test
    void aChangeBetweenReadingAndSubscribingIsNotLost() {
        String before = place();
        String after = place();
        doAnswer(call -> {
                    UUID id = call.getArgument(0);
                    if (id.toString().equals(before)) {
                        settleHere(before);
                        return call.callRealMethod();
                    }
                    Object read = call.callRealMethod();
                    settleHere(after);
                    return read;
                })
                .when(orders)
                .find(org.mockito.ArgumentMatchers.any());

        assertThat(open(before, null).awaitVersion("2").ids()).containsExactly("2");
        assertThat(open(after, null).awaitVersion("2").ids()).containsExactly("1", "2");
    }

    @Test
    void noChangeIsLostWhileAStreamOpens() throws Exception {
        for (int round = 0; round < 25; round++) {
            String id = place();
            var together = new CyclicBarrier(2);
            var settling = CompletableFuture.runAsync(() -> {
                meet(together);
                settleHere(id);
            });
            meet(together);
            try (var stream = EventStream.open(port, id, token, null)) {
                stream.awaitVersion("2");
                assertThat(stream.ids()).doesNotHaveDuplicates().isSorted();
            }
            settling.get(SOON.toSeconds(), TimeUnit.SECONDS);
        }
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(SOON.toSeconds(), TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatTheFeedDoesNotTellIsLookedUp() {
        String id = place();
        var stream = open(id, null).awaitVersion("1");

        settleUntold(id);
        feeding.lookUp();

        stream.awaitVersion("2");
        assertThat(JsonMapper.shared()
                        .readTree(stream.events().getLast().data())
                        .at("/status")
                        .asString())
                .isEqualTo("CONFIRMED");
    }

    @Test
    void anotherOnesOrderDoesNotExist() throws Exception {
        String id = place();

        for (var refused : List.of(
                EventStream.open(port, id, Tokens.of("mallory"), null),
                EventStream.open(port, UUID.randomUUID().toString(), token, null))) {
            assertThat(refused.status()).isEqualTo(404);
            assertThat(refused.header("Content-Type")).isEqualTo("application/problem+json");
            assertThat(refused.body()).contains("https://meridian.dev/problems/no-such-order");
        }
        assertThat(openStreams()).isZero();
    }

    @Test
    void theHeadOfAStreamIsNoStream() {
        var head = api.send(
                api.request("/api/orders/" + place() + "/events")
                        .method("HEAD", java.net.http.HttpRequest.BodyPublishers.noBody()),
                token);

        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("Content-Type")).startsWith("text/event-stream");
        assertThat(openStreams()).isZero();
    }

    @Test
    void silenceIsFilledWithComments() {
        var stream = open(place(), null);

        await().atMost(SOON).until(() -> stream.comments() >= 3);
        assertThat(stream.ended()).isFalse();
    }

    @Test
    void aStreamEndsWithItsToken() {
        String id = place();
        var brief = EventStream.open(
                port,
                id,
                Tokens.of(
                        customer,
                        claims -> claims.expirationTime(Date.from(Instant.now().plus(Duration.ofSeconds(2))))),
                null);
        opened.add(brief);
        var other = open(id, null);

        await().atMost(SOON).until(brief::ended);
        assertThat(brief.ids()).containsExactly("1");
        assertThat(other.ended()).isFalse();
    }

    @Test
    void aStreamEndsWithItsTokenOrItsLifetimeWhicheverIsFirst() {
        Instant now = Instant.parse("2026-03-01T10:00:00Z");
        Duration lifetime = Duration.ofMinutes(15);

        assertThat(LiveController.lifetime(now, lifetime, now.plusSeconds(60))).isEqualTo(Duration.ofMinutes(1));
        assertThat(LiveController.lifetime(now, lifetime, now.plusSeconds(3600)))
                .isEqualTo(lifetime);
        assertThat(LiveController.lifetime(now, lifetime, null)).isEqualTo(lifetime);
    }

    @Test
    void aClientThatDoesNotReadIsCutAndHoldsUpNoOther() throws Exception {
        String id = place();
        var reader = open(id, null).awaitVersion("1");
        double cut =
                metrics.get("meridian.live.cut").tag("reason", "slow").counter().count();

        try (var idle = new Socket()) {
            idle.setReceiveBufferSize(4096);
            idle.connect(new InetSocketAddress("127.0.0.1", port));
            idle.getOutputStream()
                    .write(("GET /api/orders/" + id + "/events HTTP/1.1\r\nHost: orders\r\nAuthorization: Bearer "
                                    + token + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            await().atMost(SOON).until(() -> openStreams() == 2);

            feeding.tell(id, customer, "{\"padding\":\"" + "x".repeat(MORE_THAN_SOCKETS_HOLD) + "\"}");
            reader.awaitVersion("2"); // so the one that reads is not held up
            await("it is cut").atMost(Duration.ofSeconds(30)).until(() -> openStreams() == 1);
        }
        await("it is counted")
                .atMost(SOON)
                .until(() -> metrics.get("meridian.live.cut")
                                .tag("reason", "slow")
                                .counter()
                                .count()
                        == cut + 1);
        assertThat(reader.ended()).isFalse();
    }

    @Test
    void twoHundredStreamsAreServedAndThereIsRoomForSoManyOnly() throws Exception {
        List<String> ids = new ArrayList<>();
        for (int n = 0; n < OWN_ROOM; n++) {
            if (n % 20 == 0) {
                ids.add(place());
            }
            open(ids.getLast(), null);
        }
        refused(ids.getFirst(), token, 429, "too-many-own-streams");

        String other = "customer-" + UUID.randomUUID();
        String theirs =
                api.place(other, Api.order("TEA-001", 1)).json().at("/id").asString();
        for (int n = OWN_ROOM; n < ROOM; n++) {
            opened.add(EventStream.open(port, theirs, Tokens.of(other), null));
        }
        assertThat(openStreams()).isEqualTo(ROOM);
        refused(theirs, Tokens.of(other), 503, "too-many-streams");
        ids.add(theirs);

        ids.forEach(this::settle);
        await().atMost(Duration.ofSeconds(60))
                .until(() -> opened.stream().allMatch(stream -> stream.ids().contains("2")));
        assertThat(opened).allSatisfy(stream -> assertThat(stream.ids()).containsExactly("1", "2"));
    }

    private void refused(String id, String token, int status, String problem) throws Exception {
        var refused = EventStream.open(port, id, token, null);
        assertThat(refused.status()).isEqualTo(status);
        assertThat(refused.header("Retry-After")).isNotEmpty();
        assertThat(refused.body()).contains("https://meridian.dev/problems/" + problem + "\"");
    }

    /**
     * The second instance would wait two minutes for its requests to end, if they did not by themselves, and an hour for
     * a heartbeat to show it that a client is gone.
     */
    @Test
    void everyInstanceSeesEveryChangeAndNoticesWhoLeavesAfterTheLastAndEndsItsStreamsWhenItStops() {
        String id = place();
        try (ConfigurableApplicationContext second = new SpringApplicationBuilder(OrdersService.class)
                .initializers(new RealBackingServices())
                .run(
                        "--server.port=0",
                        "--spring.lifecycle.timeout-per-shutdown-phase=120s",
                        "--meridian.live.heartbeat=1h",
                        "--meridian.live.lookup=1h")) {
            int secondPort = second.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
            var there = EventStream.open(secondPort, id, token, null).awaitVersion("1");
            opened.add(there);
            var here = open(id, null).awaitVersion("1");

            settle(id);
            there.awaitVersion("2");
            here.awaitVersion("2");

            EventStream.open(secondPort, id, token, null).awaitVersion("2").close();
            await("who left after the last version is noticed")
                    .atMost(SOON)
                    .until(() -> openStreams(second.getBean(MeterRegistry.class)) == 1);

            var stopping = CompletableFuture.runAsync(second::close);
            await("its streams end").atMost(Duration.ofSeconds(60)).until(there::ended);
            await("it stops").atMost(Duration.ofSeconds(60)).until(stopping::isDone);
            assertThat(here.ended()).isFalse();
        }
    }

    private String place() {
        return api.place(customer, Api.order("TEA-001", 1)).json().at("/id").asString();
    }

    private EventStream open(String id, @Nullable String lastEventId) {
        var stream = EventStream.open(port, id, token, lastEventId);
        opened.add(stream);
        return stream;
    }

    private double openStreams() {
        return openStreams(metrics);
    }

    private static double openStreams(MeterRegistry metrics) {
        return metrics.get("meridian.live.streams").gauge().value();
    }

    /** As fulfilment does: by an outcome on its topic. */
    private void settle(String id) {
        var outcome = new ProducerRecord<>(
                "fulfilment.outcomes",
                id,
                "{\"orderId\":\"" + id + "\",\"outcome\":\"CONFIRMED\",\"decidedAt\":\"2026-03-01T10:00:00Z\"}");
        outcome.headers().add("ce_type", "dev.meridian.fulfilment.decided".getBytes(StandardCharsets.UTF_8));
        OtherServices.template(BackingServices.shared().kafkaAdministrator()).send(outcome);
    }

    /** Confirms the order in the database alone. */
    private void settleUntold(String id) {
        jdbc.sql("UPDATE orders SET status = 'CONFIRMED', version = 2 WHERE id = ?::uuid")
                .param(id)
                .update();
    }

    /** Confirms the order, and tells of it the moment after the commit. */
    private void settleHere(String id) {
        settleUntold(id);
        feeding.tell(id, customer, "{\"version\":2}");
    }

    private ProducerRecord<String, String> change(String id, long version, String status) {
        return Feeding.change(null, id, customer, version, status);
    }
}

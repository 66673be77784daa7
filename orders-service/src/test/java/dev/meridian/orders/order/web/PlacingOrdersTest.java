package dev.meridian.orders.order.web;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.orders.Api;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

@RunningService
class PlacingOrdersTest {

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final String customer = "customer-" + UUID.randomUUID();
    private Api api = new Api(0);

    @Autowired
    PlacingOrdersTest(JdbcClient jdbc, TransactionTemplate transaction) {
        this.jdbc = jdbc;
        this.transaction = transaction;
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        api = new Api(port);
    }

    @Test
    void anOrderIsPricedFromTheCatalogueAndStored() {
        Api.Answer answer = api.place(customer, """
                {"lines":[{"sku":"TEA-001","quantity":2},{"sku":"MUG-001","quantity":1}],"paymentToken":"tok_ok"}""");

        assertThat(answer.status()).isEqualTo(201);
        assertThat(answer.json().at("/status").asString()).isEqualTo("PLACED");
        assertThat(answer.json().at("/version").asLong()).isEqualTo(1);
        assertThat(answer.json().at("/total/amount").asString()).isEqualTo("33.90");
        assertThat(answer.json().at("/lines/0/name").asString()).isEqualTo("Assam, second flush");
        assertThat(answer.json().has("customer")).isFalse();
        assertThat(answer.json().has("reason")).isFalse();
        assertThat(answer.header("Location"))
                .isEqualTo("/api/orders/" + answer.json().at("/id").asString());
        assertThat(answer.header("ETag")).isEqualTo("\"1\"");
        assertThat(answer.header("Cache-Control")).contains("private").contains("no-store");

        Api.Answer read = api.get(answer.header("Location"), Tokens.of(customer));
        assertThat(read.json()).isEqualTo(answer.json());
    }

    @Test
    void theSameKeyAndRequestGetTheSameAnswerAndOneOrder() {
        String key = UUID.randomUUID().toString();

        Api.Answer first = api.place(customer, key, Api.order("TEA-001", 2));
        // The same request in other words: the order of the fields and white space make no difference.
        Api.Answer again = api.place(
                customer,
                key,
                "{ \"paymentToken\": \"tok_ok\", \"lines\": [{\"quantity\": 2, \"sku\": \"TEA-001\"}] }");

        assertThat(again.status()).isEqualTo(201);
        assertThat(again.response().body()).isEqualTo(first.response().body());
        assertThat(again.header("Location")).isEqualTo(first.header("Location"));
        assertThat(again.header("ETag")).isEqualTo(first.header("ETag"));
        assertThat(again.header("Content-Type")).isEqualTo(first.header("Content-Type"));
        assertThat(again.header("Cache-Control")).isEqualTo(first.header("Cache-Control"));
        assertThat(again.header("Idempotent-Replayed")).isEqualTo("true");
        assertThat(first.header("Idempotent-Replayed")).isEmpty();
        assertThat(ordersStored()).isEqualTo(1);
    }

    @Test
    void aKeyIsFreeAgainAfterARequestThatWasNotProcessed() {
        String key = UUID.randomUUID().toString();

        assertThat(api.place(customer, key, Api.order("TEA-999", 1)).problem()).isEqualTo("unknown-sku");
        assertThat(api.place(customer, key, Api.order("TEA-001", 0)).problem()).isEqualTo("invalid-request");
        nothingStored();

        Api.Answer placed = api.place(customer, key, Api.order("TEA-001", 1));
        assertThat(placed.status()).isEqualTo(201);
        assertThat(placed.header("Idempotent-Replayed")).isEmpty();
    }

    /** As another instance does while it commits. */
    @Test
    void aKeyThatIsInUseIsToBeTriedAgainSoon() {
        transaction.executeWithoutResult(status -> {
            jdbc.sql("""
                    INSERT INTO orders (id, customer, status, version, placed_at, total, currency, payment_token,
                                        idempotency_key, request_hash)
                    VALUES (gen_random_uuid(), ?, 'PLACED', 1, now(), 1, 'EUR', 'tok_ok', 'key', '')""").param(customer).update();

            Api.Answer meanwhile = api.place(customer, "key", Api.order("TEA-001", 1));

            assertThat(meanwhile.status()).isEqualTo(409);
            assertThat(meanwhile.problem()).isEqualTo("idempotency-key-in-use");
            assertThat(meanwhile.header("Retry-After")).isEqualTo("1");
            status.setRollbackOnly();
        });
        nothingStored();
        assertThat(api.place(customer, "key", Api.order("TEA-001", 1)).status()).isEqualTo(201);
    }

    @Test
    void theKeySentTwiceWithOneValueIsOneKey() {
        Api.Answer twice = placeWithKeys("key", "key");
        Api.Answer once = api.place(customer, "key", Api.order("TEA-001", 1));

        assertThat(twice.status()).isEqualTo(201);
        assertThat(once.header("Location")).isEqualTo(twice.header("Location"));
        assertThat(once.header("Idempotent-Replayed")).isEqualTo("true");
        assertThat(ordersStored()).isEqualTo(1);
    }

    /** As an intermediary may join the lines of a header (RFC 9110, section 5.3). */
    @ParameterizedTest
    @ValueSource(strings = {"key,key", "key, key", "key ,\tkey, key"})
    void theKeySentTwiceIsOneKeyAlsoWhereTheLinesWereJoined(String joined) {
        Api.Answer twice = placeWithKeys(joined);
        Api.Answer once = placeWithKeys("key");

        assertThat(twice.status()).isEqualTo(201);
        assertThat(once.header("Location")).isEqualTo(twice.header("Location"));
        assertThat(ordersStored()).isEqualTo(1);
    }

    @Test
    void twoKeysAreRefused() {
        for (Api.Answer answer :
                List.of(placeWithKeys("key", "another-key"), placeWithKeys("key,another-key"), placeWithKeys("key,"))) {
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.problem()).isEqualTo("invalid-idempotency-key");
        }
        nothingStored();
    }

    private Api.Answer placeWithKeys(String... keys) {
        var request = api.post(Api.order("TEA-001", 1));
        for (String key : keys) {
            request.header("Idempotency-Key", key);
        }
        return api.send(request, Tokens.of(customer));
    }

    @Test
    void aKeyThatWasUsedForSomethingElseIsRefused() {
        String key = UUID.randomUUID().toString();
        api.place(customer, key, Api.order("TEA-001", 2));

        Api.Answer other = api.place(customer, key, Api.order("TEA-001", 3));

        assertThat(other.status()).isEqualTo(422);
        assertThat(other.problem()).isEqualTo("idempotency-key-reused");
        assertThat(ordersStored()).isEqualTo(1);
    }

    @Test
    void theKeysOfTwoCustomersAreTwoKeys() {
        String key = UUID.randomUUID().toString();

        Api.Answer mine = api.place(customer, key, Api.order("TEA-001", 2));
        Api.Answer theirs = api.place("other-" + customer, key, Api.order("TEA-001", 2));

        assertThat(theirs.status()).isEqualTo(201);
        assertThat(theirs.header("Location")).isNotEqualTo(mine.header("Location"));
    }

    /** The first to come is held while it is processed, until others have come, so that they really meet. */
    @Test
    void fiftyClientsThatSendTheSameKeyAtOnceGetOneOrder() throws Exception {
        String key = UUID.randomUUID().toString();
        CountDownLatch met = new CountDownLatch(5);
        List<Future<List<Api.Answer>>> clients = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            transaction.executeWithoutResult(status -> {
                jdbc.sql("LOCK TABLE order_lines IN SHARE MODE").update();
                for (int i = 0; i < 50; i++) {
                    clients.add(threads.submit(() -> placeWithRetries(key, met)));
                }
                // Well within the time that a request waits for a lock.
                metInTime(met, Duration.ofMillis(500));
            });
        }

        List<Api.Answer> all = new ArrayList<>();
        List<String> orders = new ArrayList<>();
        for (Future<List<Api.Answer>> client : clients) {
            all.addAll(client.get());
            orders.add(client.get().getLast().response().body());
        }
        // A machine that is busy enough lets some wait too long for a connection; that is an honest answer too.
        assertThat(all)
                .allSatisfy(answer -> assertThat(
                                answer.status() == 201 ? "placed" : answer.status() + " " + answer.problem())
                        .isIn("placed", "409 idempotency-key-in-use", "503 temporarily-unavailable"));
        assertThat(orders).hasSize(50).containsOnly(orders.getFirst());
        assertThat(all.stream()
                        .filter(answer -> answer.status() == 201)
                        .filter(answer -> answer.header("Idempotent-Replayed").isEmpty()))
                .hasSize(1);
        assertThat(ordersStored()).isEqualTo(1);
    }

    /** As a client does it: told that now is a bad time, it sends the same again. All that it was answered. */
    private List<Api.Answer> placeWithRetries(String key, CountDownLatch met) {
        List<Api.Answer> answers = new ArrayList<>();
        await().pollDelay(Duration.ZERO).atMost(Duration.ofSeconds(30)).until(() -> {
            answers.add(api.place(customer, key, Api.order("COF-001", 1)));
            met.countDown();
            return answers.getLast().status() == 201;
        });
        return answers;
    }

    private static void metInTime(CountDownLatch met, Duration atMost) {
        try {
            met.await(atMost.toMillis(), MILLISECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void badInputIsRefusedAndStoresNothing(String problem, int status, String body) {
        Api.Answer answer = api.place(customer, body);

        assertThat(answer.problem()).isEqualTo(problem);
        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.json().at("/detail").asString()).isNotBlank().doesNotContain("dev.meridian", "Exception");
        nothingStored();
    }

    static Stream<Arguments> badInputIsRefusedAndStoresNothing() {
        return Stream.of(
                Arguments.of("missing-body", 400, ""),
                Arguments.of("malformed-body", 400, "{\"lines\":"),
                Arguments.of("malformed-body", 400, "[]"),
                Arguments.of("malformed-body", 400, Api.order("TEA-001", 2) + "{}"),
                Arguments.of("malformed-body", 400, quantity("\"2\"")),
                Arguments.of("malformed-body", 400, quantity("1.5")),
                Arguments.of("malformed-body", 400, quantity("1e400")),
                Arguments.of("malformed-body", 400, "{\"paymentToken\":\"tok_ok\",\"paymentToken\":\"tok_ok\"}"),
                Arguments.of("unknown-field", 400, quantity("1,\"unitPrice\":0.01")),
                Arguments.of("invalid-request", 400, "{}"),
                Arguments.of("invalid-request", 400, "{\"lines\":[],\"paymentToken\":\"tok_ok\"}"),
                Arguments.of("invalid-request", 400, "{\"lines\":[null],\"paymentToken\":\"tok_ok\"}"),
                Arguments.of("invalid-request", 400, lines(101)),
                Arguments.of("invalid-request", 400, quantity("0")),
                Arguments.of("invalid-request", 400, quantity("-1")),
                Arguments.of("invalid-request", 400, quantity("1000")),
                Arguments.of("invalid-request", 400, quantity("null")),
                Arguments.of("invalid-request", 400, Api.order("TEA-001", 1).replace("tok_ok", "4111 1111 1111 1111")),
                Arguments.of("unknown-sku", 422, Api.order("TEA-999", 1)));
    }

    private static String quantity(String quantity) {
        return "{\"lines\":[{\"sku\":\"TEA-001\",\"quantity\":" + quantity + "}],\"paymentToken\":\"tok_ok\"}";
    }

    private static String lines(int count) {
        return "{\"lines\":["
                + String.join(",", java.util.Collections.nCopies(count, "{\"sku\":\"TEA-001\",\"quantity\":1}"))
                + "],\"paymentToken\":\"tok_ok\"}";
    }

    @Test
    void aHundredLinesAreFine() {
        assertThat(api.place(customer, lines(100)).status()).isEqualTo(201);
    }

    @Test
    void theProblemNamesEachRuleThatWasBrokenAndWhere() {
        Api.Answer answer = api.place(customer, "{\"lines\":[{\"sku\":\"TEA-001\",\"quantity\":0}]}");

        assertThat(answer.json().at("/errors").findValuesAsString("pointer"))
                .containsExactlyInAnyOrder("/lines/0/quantity", "/paymentToken");
    }

    @Test
    void anOrderNeedsAnIdempotencyKey() {
        Api.Answer answer = api.send(api.post(Api.order("TEA-001", 1)), Tokens.of(customer));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.problem()).isEqualTo("missing-idempotency-key");
        assertThat(answer.json().at("/errors/0/header").asString()).isEqualTo("Idempotency-Key");
        nothingStored();
    }

    @ParameterizedTest
    @ValueSource(strings = {"has a space", ""})
    void theKeyIsVisibleAscii(String key) {
        Api.Answer answer = api.place(customer, key, Api.order("TEA-001", 1));

        assertThat(answer.problem()).isEqualTo("invalid-idempotency-key");
        assertThat(answer.json().at("/errors/0/header").asString()).isEqualTo("Idempotency-Key");
        nothingStored();
    }

    @Test
    void theKeyIsNotLongerThanWhatIsStored() {
        assertThat(api.place(customer, "k".repeat(256), Api.order("TEA-001", 1)).problem())
                .isEqualTo("invalid-idempotency-key");
        assertThat(api.place(customer, "k".repeat(255), Api.order("TEA-001", 1)).status())
                .isEqualTo(201);
    }

    @Test
    void anotherMediaTypeIsRefused() {
        Api.Answer answer = api.send(
                api.request("/api/orders")
                        .header("Idempotency-Key", "key")
                        .header("Content-Type", "text/plain")
                        .POST(java.net.http.HttpRequest.BodyPublishers.ofString(Api.order("TEA-001", 1))),
                Tokens.of(customer));

        assertThat(answer.status()).isEqualTo(415);
        assertThat(answer.problem()).isEqualTo("unsupported-media-type");
    }

    /** RFC 9110, section 15.5.16. */
    @ParameterizedTest
    @ValueSource(strings = {"gzip", "identity, gzip", "x"})
    void aBodyWithAContentCodingIsRefused(String coding) {
        Api.Answer answer = placeEncoded(coding);

        assertThat(answer.status()).isEqualTo(415);
        assertThat(answer.problem()).isEqualTo("unsupported-media-type");
        assertThat(answer.header("Accept-Encoding")).isEqualTo("identity");
        nothingStored();
    }

    @Test
    void theIdentityIsNoContentCoding() {
        assertThat(placeEncoded("Identity").status()).isEqualTo(201);
    }

    private Api.Answer placeEncoded(String coding) {
        return api.send(
                api.post(Api.order("TEA-001", 1))
                        .header("Idempotency-Key", "key")
                        .header("Content-Encoding", coding),
                Tokens.of(customer));
    }

    private int ordersStored() {
        return jdbc.sql("SELECT count(*) FROM orders WHERE customer = ?")
                .param(customer)
                .query(Integer.class)
                .single();
    }

    private void nothingStored() {
        assertThat(ordersStored()).isZero();
    }
}

package dev.meridian.orders.order.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.Api;
import dev.meridian.orders.Feed;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import dev.meridian.orders.order.Order;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

@RunningService
class CancellingOrdersTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final JdbcClient jdbc;
    private final String customer = "customer-" + UUID.randomUUID();
    private Api api = new Api(0);

    @Autowired
    CancellingOrdersTest(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        api = new Api(port);
    }

    private String place() {
        return api.place(customer, Api.order("TEA-001", 1)).json().at("/id").asString();
    }

    private void settle(String id, Order.Status status, Order.Reason... reason) {
        jdbc.sql("UPDATE orders SET status = ?, reason = ?, version = version + 1 WHERE id = ?::uuid")
                .param(status.name())
                .param(reason.length == 0 ? null : reason[0].name())
                .param(id)
                .update();
    }

    @Test
    void aPlacedOrderIsCancelledAtItsNextVersion() {
        String id = place();
        api.get("/api/orders/" + id, Tokens.of(customer)); // now the cache knows the first version

        Api.Answer answer = api.cancel(customer, id);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().at("/status").asString()).isEqualTo("CANCELLED");
        assertThat(answer.json().at("/version").asLong()).isEqualTo(2);
        assertThat(answer.json().has("reason")).isFalse();
        assertThat(answer.header("ETag")).isEqualTo("\"2\"");
        assertThat(answer.header("Cache-Control")).contains("private").contains("no-store");
        Api.Answer read = api.get("/api/orders/" + id, Tokens.of(customer));
        assertThat(read.json()).isEqualTo(answer.json());
        assertThat(read.header("ETag")).isEqualTo(answer.header("ETag"));
    }

    @Test
    void aRepetitionIsAnsweredTheSameAndToldOnce() {
        try (Feed cancellations = new Feed("orders.cancelled");
                Feed changes = new Feed("orders.changed")) {
            String id = place();

            Api.Answer first = api.cancel(customer, id, "If-Match", "\"1\"");
            Api.Answer again = api.cancel(customer, id);
            Api.Answer withTheOldVersion = api.cancel(customer, id, "If-Match", "\"1\"");
            String last = place();
            api.cancel(customer, last);

            assertThat(first.status()).isEqualTo(200);
            assertThat(List.of(again, withTheOldVersion)).allSatisfy(repetition -> {
                assertThat(repetition.status()).isEqualTo(200);
                assertThat(repetition.response().body())
                        .isEqualTo(first.response().body());
                assertThat(repetition.header("ETag")).isEqualTo("\"2\"");
            });
            // One partition: when the last order's has come, the first one's have.
            List<ConsumerRecord<String, String>> told =
                    cancellations.await(1, SOON, record -> record.key().equals(last));
            assertThat(told).hasSize(1);
            assertThat(cancellations.await(
                            2, Duration.ZERO, record -> record.key().equals(id)))
                    .hasSize(1);
            assertThat(changes.await(1, SOON, record -> record.key().equals(id)))
                    .hasSize(1);
        }
    }

    @Test
    void theCancellationAndTheChangeAreTold() {
        try (Feed cancellations = new Feed("orders.cancelled");
                Feed changes = new Feed("orders.changed")) {
            String id = place();

            Api.Answer answer = api.cancel(customer, id);

            List<ConsumerRecord<String, String>> cancelled =
                    cancellations.await(1, SOON, record -> record.key().equals(id));
            assertThat(cancelled).hasSize(1);
            assertThat(Feed.header(cancelled.getFirst(), "ce_type")).isEqualTo("dev.meridian.order.cancelled");
            var body = JsonMapper.shared().readTree(cancelled.getFirst().value());
            assertThat(body.at("/orderId").asString()).isEqualTo(id);
            assertThat(body.at("/customer").asString()).isEqualTo(customer);
            List<ConsumerRecord<String, String>> changed =
                    changes.await(1, SOON, record -> record.key().equals(id));
            assertThat(changed).hasSize(1);
            assertThat(JsonMapper.shared().readTree(changed.getFirst().value()).at("/order"))
                    .isEqualTo(answer.json());
        }
    }

    @Test
    void aSettledOrderIsNotCancelledWhateverVersionIsNamed() {
        String confirmed = place();
        String rejected = place();
        settle(confirmed, Order.Status.CONFIRMED);
        settle(rejected, Order.Status.REJECTED, Order.Reason.OUT_OF_STOCK);

        for (Api.Answer answer : List.of(
                api.cancel(customer, confirmed),
                api.cancel(customer, rejected),
                api.cancel(customer, confirmed, "If-Match", "\"1\""),
                api.cancel(customer, confirmed, "If-Match", "\"2\""))) {
            assertThat(answer.status()).isEqualTo(409);
            assertThat(answer.problem()).isEqualTo("order-settled");
        }
        assertThat(status(confirmed)).isEqualTo("CONFIRMED");
        assertThat(status(rejected)).isEqualTo("REJECTED");
    }

    @Test
    void someoneElsesOrderDoesNotExist() {
        String id = place();

        Api.Answer stranger = api.cancel("stranger", id);
        Api.Answer missing = api.cancel(customer, UUID.randomUUID().toString());
        Api.Answer conditional = api.cancel("stranger", id, "If-Match", "\"9\"");

        assertThat(List.of(stranger, missing, conditional)).allSatisfy(answer -> {
            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.problem()).isEqualTo("no-such-order");
        });
        assertThat(status(id)).isEqualTo("PLACED");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\"2\"", "W/\"1\"", "\"one\"", "\"01\", \"0\", \"-1\", \"\", \"1,2\", \"9999999999999999999\""})
    void anotherVersionThanTheOneNamedStays(String ifMatch) {
        String id = place();

        Api.Answer answer = api.cancel(customer, id, "If-Match", ifMatch);

        assertThat(answer.status()).isEqualTo(412);
        assertThat(answer.problem()).isEqualTo("version-mismatch");
        assertThat(status(id)).isEqualTo("PLACED");
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "\"1\"", "\"7\", \"1\""})
    void theVersionThatIsNamedIsCancelled(String ifMatch) {
        assertThat(api.cancel(customer, place(), "If-Match", ifMatch).status()).isEqualTo(200);
    }

    @Test
    void severalHeadersAreOneList() {
        assertThat(api.cancel(customer, place(), "If-Match", "\"7\"", "If-Match", "\"1\"")
                        .status())
                .isEqualTo(200);
    }

    @Test
    void aMalformedIfMatchIsRefused() {
        String id = place();

        Api.Answer answer = api.cancel(customer, id, "If-Match", "1");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.problem()).isEqualTo("invalid-if-match");
        assertThat(answer.json().at("/errors/0/header").asString()).isEqualTo("If-Match");
        assertThat(status(id)).isEqualTo("PLACED");
    }

    /** The order itself tells what a repetition is answered. */
    @Test
    void aKeyIsTakenAndChangesNothing() {
        String id = place();
        String key = UUID.randomUUID().toString();
        api.place(customer, key, Api.order("TEA-001", 1));

        Api.Answer mismatch = api.cancel(customer, id, "Idempotency-Key", "k", "If-Match", "\"3\"");
        Api.Answer first = api.cancel(customer, id, "Idempotency-Key", "k", "If-Match", "\"1\"");
        Api.Answer again = api.cancel(customer, id, "Idempotency-Key", "k", "If-Match", "\"1\"");
        Api.Answer underAPlacementsKey = api.cancel(customer, id, "Idempotency-Key", key);

        assertThat(mismatch.status()).isEqualTo(412);
        assertThat(List.of(first, again, underAPlacementsKey)).allSatisfy(answer -> {
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.response().body()).isEqualTo(first.response().body());
            assertThat(answer.header("ETag")).isEqualTo("\"2\"");
        });
    }

    @Test
    void theKeyIsVisibleAsciiHereToo() {
        String id = place();

        assertThat(api.cancel(customer, id, "Idempotency-Key", "has a space").problem())
                .isEqualTo("invalid-idempotency-key");
        assertThat(api.cancel(customer, id, "Idempotency-Key", "a", "Idempotency-Key", "b")
                        .problem())
                .isEqualTo("invalid-idempotency-key");
        assertThat(api.cancel(customer, "not-a-uuid", "Idempotency-Key", "k").problem())
                .isEqualTo("bad-request");
        assertThat(status(id)).isEqualTo("PLACED");
    }

    private String status(String id) {
        return jdbc.sql("SELECT status FROM orders WHERE id = ?::uuid")
                .param(id)
                .query(String.class)
                .single();
    }
}

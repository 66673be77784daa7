package dev.meridian.orders.order.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.orders.Api;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.test.web.server.LocalServerPort;

/** Which database answers, seen from outside, while the replica stands still where a test says so. */
@RunningService
class ReadRoutingTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String COOKIE = "meridian-newest-order-";

    private final MeterRegistry metrics;
    private final String replicaUrl;
    private final String customer = "customer-" + UUID.randomUUID();
    private final String token = Tokens.of(customer);
    private int port;
    private Api api = new Api(0);

    @Autowired
    ReadRoutingTest(MeterRegistry metrics, @Value("${meridian.postgres}") String hosts) {
        this.metrics = metrics;
        this.replicaUrl = "jdbc:postgresql://" + hosts.split(",")[1] + "/postgres";
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        this.port = port;
        api = new Api(port);
        // The replica of an earlier test that failed would still be paused.
        tellReplica("SELECT pg_wal_replay_resume()");
        await().atMost(SOON)
                .untilAsserted(() ->
                        assertThat(reads("replica", () -> list(new Api(port)))).isEqualTo(1));
    }

    @AfterEach
    void resume() {
        tellReplica("SELECT pg_wal_replay_resume()");
    }

    private void tellReplica(String sql) {
        try (Connection replica = DriverManager.getConnection(replicaUrl, "postgres", "postgres");
                var statement = replica.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void pauseReplica() {
        tellReplica("SELECT pg_wal_replay_pause()");
        await().atMost(SOON).until(() -> {
            try (Connection replica = DriverManager.getConnection(replicaUrl, "postgres", "postgres");
                    var statement = replica.createStatement();
                    var row = statement.executeQuery("SELECT pg_get_wal_replay_pause_state()")) {
                row.next();
                return row.getString(1).equals("paused");
            }
        });
    }

    private double reads(String database, Runnable work) {
        var counter = metrics.counter("meridian.reads", "database", database);
        double before = counter.count();
        work.run();
        return counter.count() - before;
    }

    private Api.Answer list(Api client) {
        Api.Answer answer = client.get("/api/orders", token);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("Meridian-Stale")).isEmpty();
        return answer;
    }

    private List<String> ids(Api client) {
        return list(client).json().at("/orders").findValuesAsString("id");
    }

    private String place(Api client) {
        Api.Answer placed = client.place(customer, Api.order("TEA-001", 1));
        assertThat(placed.status()).isEqualTo(201);
        return placed.json().at("/id").asString();
    }

    private long version(String id) {
        return api.get("/api/orders/" + id, token).json().at("/version").asLong();
    }

    private static void soon(Runnable assertion) {
        await().atMost(SOON).untilAsserted(assertion::run);
    }

    @Test
    void aNewOrderIsInItsCustomersListAtOnceAndReadFromTheReplicaOnceThatHasIt() {
        pauseReplica();
        String id = place(api);
        api.cancel(customer, id); // an open one would be looked up at the primary in any case

        assertThat(reads("replica", () -> assertThat(ids(new Api(port))).doesNotContain(id)))
                .as("without the cookie the replica answers")
                .isEqualTo(1);
        assertThat(reads("primary", () -> assertThat(ids(api)).contains(id))).isEqualTo(1);

        tellReplica("SELECT pg_wal_replay_resume()");
        soon(() -> assertThat(reads("primary", () -> assertThat(ids(api)).contains(id)))
                .isZero());
    }

    @Test
    void anOrderThatWasShownIsNotTakenBack() {
        pauseReplica();
        String id = place(api);
        String path = "/api/orders/" + id;

        Api another = new Api(port);
        another.get(path, token);
        assertThat(ids(another)).contains(id);

        Api third = new Api(port);
        third.send(third.request("/api/orders").header("Cookie", COOKIE + UUID.randomUUID() + "=1"), token);
        assertThat(third.cookies()).contains(COOKIE + id);
        assertThat(ids(third)).contains(id);
    }

    @Test
    void anOrderThatACancellationToldOfIsNotTakenBack() {
        pauseReplica();
        String id = place(api);

        Api refused = new Api(port);
        assertThat(refused.cancel(customer, id, "If-Match", "\"7\"").status()).isEqualTo(412);
        assertThat(ids(refused)).contains(id);

        Api another = new Api(port);
        assertThat(another.cancel(customer, id).status()).isEqualTo(200);
        assertThat(ids(another)).contains(id);
    }

    @Test
    void anOrderThatTheReplicaLacksIsLookedForOnThePrimary() {
        pauseReplica();
        String id = place(api);

        assertThat(new Api(port).get("/api/orders/" + id, token).status()).isEqualTo(200);
        assertThat(new Api(port).get("/api/orders/" + UUID.randomUUID(), token).status())
                .isEqualTo(404);
    }

    @Test
    void anOrderThatIsOpenOnTheReplicaIsLookedUpAtThePrimaryAloneAndInAList() {
        String id = place(api);
        soon(() -> assertThat(reads("replica", () -> list(api))).isEqualTo(1));
        pauseReplica();
        assertThat(new Api(port).cancel(customer, id).status()).isEqualTo(200);

        assertThat(list(api).json().at("/orders/0/status").asString()).isEqualTo("CANCELLED");
        assertThat(version(id)).isEqualTo(2);
    }

    @Test
    void aFinalOrderIsReadFromTheReplicaAndThenFromTheCache() {
        String id = place(api);
        api.cancel(customer, id);
        // Once a list needs no look at the primary, the replica has the order's last version.
        soon(() -> assertThat(reads("primary", () -> list(api))).isZero());

        assertThat(reads(
                        "primary",
                        () -> assertThat(reads("replica", () -> version(id))).isEqualTo(1)))
                .isZero();
        assertThat(reads("replica", () -> assertThat(version(id)).isEqualTo(2))).isZero();
    }

    @Test
    void anOpenOrderIsNeverCached() {
        String id = place(api);
        assertThat(version(id)).isEqualTo(1);
        assertThat(reads("primary", () -> version(id))).isEqualTo(1);
    }

    @Test
    void theCookieIsForThisApiAloneAndEnds() {
        String cookie = api.place(customer, Api.order("TEA-001", 1)).header("Set-Cookie");

        assertThat(cookie)
                .matches(COOKIE
                        + "[0-9a-f-]{36}=1; Path=/api/orders; Max-Age=300; (Expires=[^;]+; )?HttpOnly; SameSite=Lax");
        assertThat(api.get("/api/products", null).header("Set-Cookie")).isEmpty();
    }

    @Test
    void ordersThatArePlacedInTurnLeaveOneCookieAndThoseSideBySideOneEach() {
        place(api);
        String second = place(api);
        assertThat(api.cookies()).containsExactly(COOKIE + second);

        // Two requests that were both sent before either was answered.
        String cookies = COOKIE + second + "=1";
        List<String> both = List.of(
                        UUID.randomUUID().toString(), UUID.randomUUID().toString())
                .stream()
                .map(key -> api.send(
                                api.post(Api.order("TEA-001", 1))
                                        .header("Idempotency-Key", key)
                                        .header("Cookie", cookies),
                                token)
                        .json()
                        .at("/id")
                        .asString())
                .toList();
        assertThat(api.cookies()).containsExactlyInAnyOrder(COOKIE + both.get(0), COOKIE + both.get(1));
    }

    /** The repeated order was there before some that the request names. */
    @Test
    void aRepeatedPlacingEndsNoCookie() {
        String key = UUID.randomUUID().toString();
        String first = api.place(customer, key, Api.order("TEA-001", 1))
                .json()
                .at("/id")
                .asString();
        String second = place(api);
        api.place(customer, key, Api.order("TEA-001", 1));

        assertThat(api.cookies()).containsExactlyInAnyOrder(COOKIE + first, COOKIE + second);
    }

    @ParameterizedTest
    @ValueSource(strings = {COOKIE, COOKIE + "x", COOKIE + "1-1-1-1-1", "meridian-position"})
    void whatNamesNoOrderIsIgnored(String name) {
        assertThat(reads(
                        "replica",
                        () -> assertThat(api.send(api.request("/api/orders").header("Cookie", name + "=1"), token)
                                        .status())
                                .isEqualTo(200)))
                .isEqualTo(1);
    }

    @Test
    void anOrderThatIsNowhereSendsItsSendersListToThePrimary() {
        String forged = COOKIE + UUID.randomUUID() + "=1";
        assertThat(reads(
                        "primary",
                        () -> assertThat(api.send(api.request("/api/orders").header("Cookie", forged), token)
                                        .status())
                                .isEqualTo(200)))
                .isEqualTo(1);
    }
}

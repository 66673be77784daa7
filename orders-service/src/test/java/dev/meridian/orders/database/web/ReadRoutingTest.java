package dev.meridian.orders.database.web;

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
import org.springframework.jdbc.core.simple.JdbcClient;

/** Which database answers, seen from outside. */
@RunningService
class ReadRoutingTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String COOKIE = "meridian-position=";

    private final MeterRegistry metrics;
    private final JdbcClient jdbc;
    private final String replicaUrl;
    private final String customer = "customer-" + UUID.randomUUID();
    private final String token = Tokens.of(customer);
    private int port;

    @Autowired
    ReadRoutingTest(MeterRegistry metrics, JdbcClient jdbc, @Value("${meridian.postgres}") String hosts) {
        this.metrics = metrics;
        this.jdbc = jdbc;
        this.replicaUrl = "jdbc:postgresql://" + hosts.split(",")[1] + "/postgres";
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        this.port = port;
        // The replica of an earlier test that failed would still be paused.
        tellReplica("SELECT pg_wal_replay_resume()");
        await().atMost(SOON)
                .untilAsserted(() ->
                        assertThat(reads("replica", this::listWithoutCookie)).isEqualTo(1));
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

    private double reads(String database, Runnable work) {
        var counter = metrics.counter("meridian.reads", "database", database);
        double before = counter.count();
        work.run();
        return counter.count() - before;
    }

    private Api.Answer listWithoutCookie() {
        return new Api(port).get("/api/orders", token);
    }

    private Api.Answer list(String cookie) {
        return new Api(port).send(new Api(port).request("/api/orders").header("Cookie", COOKIE + cookie), token);
    }

    private static String position(Api.Answer answer) {
        String cookie = answer.header("Set-Cookie");
        assertThat(cookie).startsWith(COOKIE);
        return cookie.substring(COOKIE.length(), cookie.indexOf(';'));
    }

    private static List<String> ids(Api.Answer list) {
        return list.json().at("/orders").findValuesAsString("id");
    }

    private Api.Answer place() {
        return new Api(port).place(customer, Api.order("TEA-001", 1));
    }

    @Test
    void aWriteIsReadAtOnceByItsWriterAndFromTheReplicaOnceThatHasIt() {
        tellReplica("SELECT pg_wal_replay_pause()");
        Api.Answer placed = place();
        String id = placed.json().at("/id").asString();
        String position = position(placed);

        assertThat(reads("primary", () -> assertThat(ids(list(position))).contains(id)))
                .isEqualTo(1);
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(reads(
                                "replica",
                                () -> assertThat(ids(listWithoutCookie())).doesNotContain(id)))
                        .isEqualTo(1));

        tellReplica("SELECT pg_wal_replay_resume()");
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(reads(
                                "replica", () -> assertThat(ids(list(position))).contains(id)))
                        .isEqualTo(1));
    }

    @Test
    void whatWasShownIsNotTakenBack() {
        place();
        tellReplica("SELECT pg_wal_replay_pause()");
        Api.Answer placed = place();
        String id = placed.json().at("/id").asString();
        // Somebody who was shown it, and did not place it.
        String seen = position(list("1-7FFFFFFFFFFFFFFF"));
        Api.Answer shown = list(position(placed));
        assertThat(ids(shown)).contains(id);
        assertThat(seen).isEqualTo("00000001-7FFFFFFFFFFFFFFF");

        assertThat(ids(list(position(shown)))).contains(id);
    }

    @Test
    void anOrderThatTheReplicaLacksIsLookedForOnThePrimary() {
        tellReplica("SELECT pg_wal_replay_pause()");
        String path = place().header("Location");

        assertThat(new Api(port).get(path, token).status()).isEqualTo(200);
        assertThat(new Api(port).get("/api/orders/" + UUID.randomUUID(), token).status())
                .isEqualTo(404);
    }

    /** The cache does not stand between a writer and the write. */
    @Test
    void aChangeOfACachedOrderIsReadAtOnceByWhoeverKnowsOfIt() {
        Api reader = new Api(port);
        Api.Answer placed = place();
        String path = placed.header("Location");
        assertThat(reader.get(path, token).json().at("/version").asLong()).isEqualTo(1);

        jdbc.sql("UPDATE orders SET version = 2, status = 'CANCELLED' WHERE id = ?::uuid")
                .param(placed.json().at("/id").asString())
                .update();
        String later = position(place());

        Api.Answer read = new Api(port).send(new Api(port).request(path).header("Cookie", COOKIE + later), token);
        assertThat(read.json().at("/version").asLong()).isEqualTo(2);
    }

    @Test
    void theCookieIsForThisApiAloneAndEnds() {
        String cookie = place().header("Set-Cookie");

        assertThat(cookie)
                .matches(
                        COOKIE
                                + "[0-9A-F]{8}-[0-9A-F]{16}; Path=/api/orders; Max-Age=300; (Expires=[^;]+; )?HttpOnly; SameSite=Lax");
    }

    @Test
    void everyAnswerAboutOrdersMovesThePositionOnAndNoneBack() {
        Api.Answer placed = place();
        String first = position(placed);
        String second = position(place());
        String listed = position(list(second));
        String read = position(new Api(port)
                .send(new Api(port).request(placed.header("Location")).header("Cookie", COOKIE + second), token));
        String future = "00000001-7000000000000000";

        assertThat(second).isGreaterThan(first);
        assertThat(listed).isGreaterThanOrEqualTo(second);
        assertThat(read).isGreaterThanOrEqualTo(second);
        assertThat(position(list(future))).isEqualTo(future);
        assertThat(new Api(port).get("/api/products", null).header("Set-Cookie"))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "1", "1-", "0-0", "-1--1", "\"1-1\"", "1-80000000000000000", "%31-1"})
    void whatIsNoPositionIsIgnored(String cookie) {
        Api.Answer answer = list(cookie);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(position(answer)).matches("00000001-0[0-9A-F]{15}");
    }

    @Test
    void aPositionOfAnotherTimelineIsAskedOfThePrimary() {
        assertThat(reads("primary", () -> list("2-1"))).isEqualTo(1);
        assertThat(reads("primary", () -> list("FFFFFFFF-7FFFFFFFFFFFFFFF"))).isEqualTo(1);
    }
}

package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.Stack;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The data rules where they take the whole system: what a customer or an operator meets at the front door. */
@ExtendWith(RunningSystem.class)
class DataRulesIT {

    private static final Duration SOON = Duration.ofSeconds(30);

    /** Ten failures with growing rests between them last some twenty seconds. */
    private static final Duration GIVEN_UP = Duration.ofSeconds(120);

    private static final Stack STACK = RunningSystem.stack();

    private final Shop shop = Shop.open();

    @Test
    void fiftyRequestsWithOneKeyAreOneOrderWhileAnInstanceIsKilled() throws Exception {
        int clients = 50;
        long before = ordersOf("demo");
        String key = UUID.randomUUID().toString();
        String body = Shop.order("TEA-002", 3, "tok_ok");
        CountDownLatch start = new CountDownLatch(1);
        List<String> answers = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(clients)) {
            List<Future<String>> placing = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                placing.add(threads.submit(() -> {
                    start.await();
                    return placedInTheEnd(key, body);
                }));
            }
            start.countDown();
            STACK.kill("orders-service-dc1-1");
            for (Future<String> answer : placing) {
                answers.add(answer.get(2, TimeUnit.MINUTES));
            }
        }

        assertThat(answers).hasSize(clients);
        assertThat(answers.stream().distinct()).as("the answers to one key").hasSize(1);
        assertThat(ordersOf("demo") - before).as("orders under one key").isEqualTo(1);
    }

    private String placedInTheEnd(String key, String body) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        String last = "no answer";
        while (System.nanoTime() < end) {
            Shop.Answer answer = Shop.trySend(shop.asMe("/api/orders")
                    .header("Content-Type", "application/json")
                    .header("Idempotency-Key", key)
                    .POST(HttpRequest.BodyPublishers.ofString(body)));
            last = String.valueOf(answer);
            if (answer != null && answer.status() == 201) {
                return answer.response().body();
            }
            Thread.sleep(ThreadLocalRandom.current().nextLong(50, 300));
        }
        throw new IllegalStateException("Not placed: " + last);
    }

    @Test
    void anOperatorSeesWhatTheQueueGaveUpAndSendsItAgain() {
        Shop operator = Shop.open("operator", "orders ops");
        String poisoned = shop.place(Shop.order("TEA-001", 1, "tok_poison"));
        String stubborn = shop.place(Shop.order("TEA-001", 1, "tok_flaky_12"));

        JsonNode deadForEver = deadLetter(operator, poisoned);
        JsonNode dead = deadLetter(operator, stubborn);

        assertThat(deadForEver.at("/type").asString()).isEqualTo("dev.meridian.order.placed");
        assertThat(shop.order(stubborn).status("/status")).isEqualTo("PLACED");
        assertThat(shop.send(shop.asMe("/api/dead-letters")).problem()).isEqualTo("insufficient-scope");
        String redrive = "/api/dead-letters/" + dead.at("/id").asLong() + "/redrive";
        assertThat(shop.send(shop.asMe(redrive).POST(HttpRequest.BodyPublishers.noBody()))
                        .problem())
                .isEqualTo("insufficient-scope");

        Shop.Answer redriven = operator.send(operator.asMe(redrive).POST(HttpRequest.BodyPublishers.noBody()));

        assertThat(redriven.status()).as(redriven::toString).isEqualTo(200);
        JsonNode settled = shop.settled(stubborn, SOON);
        assertThat(settled.at("/status").asString()).isEqualTo("CONFIRMED");
        assertThat(settled.at("/version").asLong()).isEqualTo(2);
        assertThat(query(
                        STACK.postgresPrimary().toString(),
                        "fulfilment",
                        "SELECT count(*) FROM reservation JOIN simulated_payment USING (order_id)"
                                + " WHERE result = 'CHARGED' AND order_id = '" + stubborn + "'"))
                .as("reservations and charges of the order that was sent again")
                .isEqualTo("1");
        // The poisoned order holds stock and never settles by itself: its customer gives it up.
        Shop.Answer cancelled = shop.send(
                shop.asMe("/api/orders/" + poisoned + "/cancellation").POST(HttpRequest.BodyPublishers.noBody()));
        assertThat(cancelled.status()).as(cancelled::toString).isEqualTo(200);
        await("fulfilment to let the cancelled order go")
                .atMost(SOON)
                .until(() -> query(
                                STACK.postgresPrimary().toString(),
                                "fulfilment",
                                "SELECT count(*) FROM reservation WHERE order_id = '" + poisoned + "'")
                        .equals("0"));
    }

    private static JsonNode deadLetter(Shop operator, String order) {
        return await("the dead letter of order " + order)
                .atMost(GIVEN_UP)
                .pollInterval(Duration.ofMillis(500))
                .until(
                        () -> {
                            Shop.Answer list = operator.send(operator.asMe("/api/dead-letters?limit=100"));
                            assertThat(list.status()).as(list::toString).isEqualTo(200);
                            for (JsonNode letter : list.json().at("/deadLetters")) {
                                if (letter.at("/orderId").asString("").equals(order)) {
                                    return letter;
                                }
                            }
                            return JsonMapper.shared().createObjectNode();
                        },
                        letter -> letter.has("id"));
    }

    @Test
    void whoOrderedSeesTheOrderAlsoWhileTheReplicaLagsBehind() {
        String replica = STACK.postgresReplica().toString();
        query(replica, "postgres", "SELECT pg_wal_replay_pause()");
        try {
            await("the replay to rest")
                    .atMost(SOON)
                    .until(() -> query(replica, "postgres", "SELECT pg_get_wal_replay_pause_state()")
                            .equals("paused"));
            for (int i = 0; i < 3; i++) {
                Shop.Answer placed = shop.place(UUID.randomUUID().toString(), Shop.order("COF-001", 1, "tok_ok"));
                String id = placed.status("/id");
                Shop.Answer list = shop.send(shop.asMe("/api/orders?limit=5"));
                Shop.Answer single = shop.order(id);

                assertThat(query(replica, "orders", "SELECT count(*) FROM orders WHERE id = '" + id + "'"))
                        .as("the replica knows the order, so that this shows nothing")
                        .isEqualTo("0");
                assertThat(list.status("/orders/0/id")).isEqualTo(id);
                assertThat(single.status()).isEqualTo(200);
            }
        } finally {
            query(replica, "postgres", "SELECT pg_wal_replay_resume()");
        }
    }

    @Test
    void readsAreRightAndQuickWhileTheCacheHangs() {
        String id = shop.place(Shop.order("COF-002", 1, "tok_declined"));
        assertThat(shop.settled(id, SOON).at("/version").asLong()).isEqualTo(2);
        STACK.pause("redis-dc1");
        long begin = System.nanoTime();

        for (int i = 0; i < 20; i++) {
            Shop.Answer order = shop.order(id);
            assertThat(order.status()).as(order::toString).isEqualTo(200);
            assertThat(order.status("/status")).isEqualTo("REJECTED");
        }
        String next = shop.place(Shop.order("COF-002", 1, "tok_ok"));

        assertThat(shop.settled(next, SOON).at("/status").asString()).isEqualTo("CONFIRMED");
        // Each could cost the time-out of Redis, and some of them do until the breaker opens.
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(30));
    }

    @Test
    void anOrdersStatesComeThroughTheFrontDoorAsTheyHappen() throws Exception {
        String id = shop.place(Shop.order("TEA-003", 1, "tok_flaky"));
        try (HttpClient http = HttpClient.newHttpClient();
                ExecutorService thread = Executors.newSingleThreadExecutor()) {
            HttpResponse<Stream<String>> answer = http.send(
                    shop.asMe("/api/orders/" + id + "/events")
                            .header("Accept", "text/event-stream")
                            .build(),
                    HttpResponse.BodyHandlers.ofLines());
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.headers().firstValue("Content-Type").orElse("")).startsWith("text/event-stream");
            try {
                Callable<List<JsonNode>> untilSettled =
                        () -> untilSettled(answer.body().iterator());
                List<JsonNode> states = thread.submit(untilSettled).get(SOON.toSeconds(), TimeUnit.SECONDS);

                assertThat(states.getLast().at("/status").asString()).isEqualTo("CONFIRMED");
                assertThat(states)
                        .extracting(state -> state.at("/version").asLong())
                        .isSorted()
                        .doesNotHaveDuplicates();
            } finally {
                http.shutdownNow();
            }
        }
    }

    /** The orders of the events, each of which has the order's version as its id. */
    private static List<JsonNode> untilSettled(Iterator<String> lines) {
        List<JsonNode> states = new ArrayList<>();
        String id = "";
        while (lines.hasNext()) {
            String line = lines.next();
            if (line.startsWith("id:")) {
                id = line.substring("id:".length()).strip();
            } else if (line.startsWith("data:")) {
                JsonNode order = JsonMapper.shared().readTree(line.substring("data:".length()));
                assertThat(id).isEqualTo(order.at("/version").asString());
                states.add(order);
                if (!order.at("/status").asString().equals("PLACED")) {
                    return states;
                }
            }
        }
        throw new IllegalStateException("The stream ended after " + states);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/eureka/apps",
                "/eureka/apps/ORDERS-SERVICE",
                "/eureka/v2/apps",
                "//eureka/apps",
                "/api/orders/../../eureka/apps",
                "/api/%2e%2e/eureka/apps",
                "/actuator",
                "/actuator/health/readiness",
                "/actuator/prometheus",
                "/actuator/env",
                "//actuator/health",
                "/api/../actuator/health",
                "/api/orders/..%2f..%2factuator/health",
                "/oauth2/../actuator/health",
                "/metrics",
                "/ready"
            })
    void nothingForTheInsideIsReachedThroughTheFrontDoor(String path) throws Exception {
        for (String credentials : List.of("", "Authorization: Bearer " + shop.token() + "\r\n")) {
            try (Wire wire = Wire.to(STACK.frontDoor())) {
                wire.say("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n" + credentials
                        + "Connection: close\r\n\r\n");
                Wire.Heard answer = wire.listen(Duration.ofSeconds(10));
                assertThat(answer.statuses())
                        .as(answer.text())
                        .allSatisfy(status -> assertThat(status).isBetween(400, 499));
                assertThat(answer.text()).doesNotContain("applications", "\"UP\"", "process_", "haproxy_");
            }
        }
    }

    private static long ordersOf(String customer) {
        return Long.parseLong(query(
                STACK.postgresPrimary().toString(),
                "orders",
                "SELECT count(*) FROM orders WHERE customer = '" + customer + "'"));
    }

    /** The first column of the first row. */
    private static String query(String server, String database, String sql) {
        // As the superuser, who alone may pause a replay.
        try (Connection connection = DriverManager.getConnection(
                        "jdbc:postgresql://" + server + "/" + database, "postgres", "postgres");
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return String.valueOf(row.getString(1));
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }
}

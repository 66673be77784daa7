package dev.meridian.orders.order.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.Stack;
import dev.meridian.orders.Api;
import dev.meridian.orders.CacheAdministrator;
import dev.meridian.orders.Tokens;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ContextConfiguration;

/**
 * Customers place, cancel and read orders, which settle meanwhile, in random order with faults: the replica's replay
 * stops, the replica dies, Redis loses its data or hangs. No client that keeps its cookies sees an order go back, or
 * misses one that it placed or was shown. A failure names its seed, which {@code -Dmeridian.seed=...} repeats.
 */
@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            // So that a replica is read that is as far behind as can be.
            "meridian.replica.max-lag=1d",
            // The primary is there all the time, however busy the machine is.
            "meridian.primary.query-timeout=15s",
            "spring.datasource.hikari.connection-timeout=15000"
        })
@ContextConfiguration(initializers = OwnStack.class)
@DirtiesContext
class NeverGoesBackTest {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int STEPS = 1_000;
    private static final int CLIENTS_PER_CUSTOMER = 2;

    /** Of one customer, so that one page shows all. */
    private static final int MOST_ORDERS = 90;

    private final Stack stack;
    private final StringRedisTemplate redis;
    private final JdbcClient jdbc;
    private final MeterRegistry metrics;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final long seed =
            Long.getLong("meridian.seed", ThreadLocalRandom.current().nextLong());
    private final Random random = new Random(seed);
    private final List<String> story = new ArrayList<>();
    private final List<Customer> customers = new ArrayList<>();
    private boolean replicaStands;
    private boolean replicaIsDead;
    private boolean redisHangs;

    @Autowired
    NeverGoesBackTest(Stack stack, JdbcClient jdbc, MeterRegistry metrics) {
        this.stack = stack;
        this.redis = CacheAdministrator.template(stack.redis().port());
        this.jdbc = jdbc;
        this.metrics = metrics;
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        for (int i = 0; i < 2; i++) {
            customers.add(new Customer(port));
        }
    }

    @AfterEach
    void end() {
        threads.close();
    }

    private static final class Customer {

        private final String name = "customer-" + UUID.randomUUID();
        private final String token = Tokens.of(name);
        private final List<String> orders = new ArrayList<>();
        private final List<Client> clients = new ArrayList<>();

        Customer(int port) {
            for (int i = 0; i < CLIENTS_PER_CUSTOMER; i++) {
                clients.add(new Client(port));
            }
        }
    }

    /** A browser of the customer's, and what it was told: the versions of the orders that it knows. */
    private static final class Client {

        private final Api api;
        private final Map<String, Long> known = new HashMap<>();

        Client(int port) {
            api = new Api(port);
        }
    }

    @Test
    void noClientSeesAnOrderGoBackOrMissesOneThatItKnows() throws Exception {
        for (int step = 0; step < STEPS; step++) {
            Customer customer = customers.get(random.nextInt(customers.size()));
            step(customer, customer.clients.get(random.nextInt(CLIENTS_PER_CUSTOMER)));
        }

        assertThat(metrics.counter("meridian.reads", "database", "replica").count())
                .as("reads of the replica, %s", told())
                .isGreaterThan(20);
        assertThat(metrics.counter("meridian.cache.reads", "result", "hit").count())
                .as("hits of the cache, %s", told())
                .isPositive();
    }

    private String told() {
        return "-Dmeridian.seed=" + seed + ": " + story.subList(Math.max(0, story.size() - 60), story.size());
    }

    private void step(Customer customer, Client client) throws Exception {
        int dice = random.nextInt(1000);
        if (dice < 100) {
            place(customer, client, 1);
        } else if (dice < 120) {
            place(customer, client, 3);
        } else if (dice < 200) {
            settle(customer);
        } else if (dice < 250) {
            cancel(customer, client);
        } else if (dice < 590) {
            look(customer, client);
        } else if (dice < 930) {
            list(customer, client);
        } else if (dice < 940) {
            flush();
        } else if (dice < (replicaStands ? 1000 : 970)) {
            holdReplayOrGoOn();
        }
        if (random.nextInt(redisHangs ? 20 : 150) == 0) {
            hangRedisOrGoOn();
        }
        if (random.nextInt(replicaIsDead ? 20 : 150) == 0) {
            killReplicaOrStartIt();
        }
    }

    /** One of the newest more often than not, so that orders are met again. */
    private String oneOf(Collection<String> orders) {
        List<String> newestFirst =
                orders.stream().sorted(Comparator.reverseOrder()).toList();
        int most = random.nextInt(4) == 0 ? newestFirst.size() : Math.min(8, newestFirst.size());
        return newestFirst.get(random.nextInt(most));
    }

    private void place(Customer customer, Client client, int together) throws Exception {
        if (customer.orders.size() + together > MOST_ORDERS) {
            return;
        }
        List<Future<Api.Answer>> placed = new ArrayList<>();
        for (int i = 0; i < together; i++) {
            placed.add(threads.submit(() -> client.api.place(customer.name, Api.order("TEA-001", 1))));
        }
        for (Future<Api.Answer> one : placed) {
            Api.Answer answer = one.get();
            assertThat(answer.status()).as(told()).isEqualTo(201);
            String id = answer.json().at("/id").asString();
            story.add("place " + id);
            customer.orders.add(id);
            client.known.put(id, 1L);
        }
    }

    /** As an instance does elsewhere, of which this one hears nothing. */
    private void settle(Customer customer) {
        if (!customer.orders.isEmpty()) {
            String id = oneOf(customer.orders);
            int changed = jdbc.sql("UPDATE orders SET status = 'CONFIRMED', version = 2"
                            + " WHERE id = ?::uuid AND status = 'PLACED'")
                    .param(id)
                    .update();
            story.add("settle " + id + " " + changed);
        }
    }

    private void cancel(Customer customer, Client client) {
        if (!customer.orders.isEmpty()) {
            String id = oneOf(customer.orders);
            int status = client.api.cancel(customer.name, id).status();
            story.add("cancel " + id + " " + status);
            assertThat(status).as(told()).isIn(200, 409);
            client.known.put(id, 2L); // cancelled now, or settled before
        }
    }

    private void look(Customer customer, Client client) {
        if (!client.known.isEmpty()) {
            String id = oneOf(client.known.keySet());
            Api.Answer answer = client.api.get("/api/orders/" + id, customer.token);
            story.add("look " + id + " " + answer.status());
            assertThat(answer.status()).as(told()).isEqualTo(200);
            assertThat(answer.header("Meridian-Stale")).as(told()).isEmpty();
            saw(client, id, answer.json().at("/version").asLong());
        }
    }

    private void list(Customer customer, Client client) {
        Api.Answer answer = client.api.get("/api/orders?limit=100", customer.token);
        story.add("list " + answer.status());
        assertThat(answer.status()).as(told()).isEqualTo(200);
        assertThat(answer.header("Meridian-Stale")).as(told()).isEmpty();
        var orders = answer.json().at("/orders");
        assertThat(orders.findValuesAsString("id")).as(told()).containsAll(client.known.keySet());
        orders.forEach(order ->
                saw(client, order.at("/id").asString(), order.at("/version").asLong()));
    }

    private void saw(Client client, String id, long version) {
        assertThat(version).as("%s of %s", id, told()).isGreaterThanOrEqualTo(client.known.getOrDefault(id, 0L));
        client.known.put(id, version);
    }

    private void holdReplayOrGoOn() {
        if (!replicaIsDead) {
            replicaStands = !replicaStands;
            story.add(replicaStands ? "the replica stands" : "the replica goes on");
            String sql = "SELECT pg_wal_replay_" + (replicaStands ? "pause" : "resume") + "()";
            // After a start it takes a moment to take connections.
            await().atMost(SOON).ignoreExceptions().until(() -> tellReplica(sql));
        }
    }

    private boolean tellReplica(String sql) throws SQLException {
        String url = "jdbc:postgresql://" + stack.postgresHosts().split(",")[1] + "/postgres";
        try (Connection replica = DriverManager.getConnection(url, "postgres", "postgres");
                var statement = replica.createStatement()) {
            return statement.execute(sql);
        }
    }

    private void flush() {
        if (!redisHangs) {
            story.add("Redis loses its data");
            await().atMost(SOON)
                    .ignoreExceptions()
                    .until(() -> Boolean.TRUE.equals(redis.execute((RedisConnection connection) -> {
                        connection.serverCommands().flushAll();
                        return true;
                    })));
        }
    }

    private void hangRedisOrGoOn() {
        redisHangs = !redisHangs;
        story.add(redisHangs ? "Redis hangs" : "Redis goes on");
        if (redisHangs) {
            stack.pause("redis-dc1");
        } else {
            stack.resume("redis-dc1");
        }
    }

    private void killReplicaOrStartIt() {
        replicaIsDead = !replicaIsDead;
        replicaStands = false;
        story.add(replicaIsDead ? "the replica dies" : "the replica starts");
        if (replicaIsDead) {
            stack.kill("postgres-replica");
        } else {
            stack.start("postgres-replica");
        }
    }
}

package dev.meridian.orders.order.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.Stack;
import dev.meridian.orders.Api;
import dev.meridian.orders.CacheAdministrator;
import dev.meridian.orders.OtherServices;
import dev.meridian.orders.Tokens;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ContextConfiguration;

/**
 * Customers who read their orders all the time, while Redis and the databases fail. Each is shown every order, no order
 * at an older version than before, and waits for no answer for long. Only while the primary is away may an answer be
 * old, and says so. On a stack of its own, since it hurts it.
 */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ContextConfiguration(initializers = OwnStack.class)
@DirtiesContext
class ReadsUnderFaultsTest {

    private static final Duration SOON = Duration.ofSeconds(60);

    /** Time-outs here add up to less than three seconds; the rest is for a busy machine. */
    private static final Duration LONGEST = Duration.ofSeconds(8);

    private static final int CUSTOMERS = 6;
    private static final int ORDERS = 12;

    private final Stack stack;
    private final MeterRegistry metrics;
    private final StringRedisTemplate redis;
    private final KafkaTemplate<String, String> fulfilment;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<Customer> customers = new ArrayList<>();
    private final Queue<String> complaints = new ConcurrentLinkedQueue<>();
    private final AtomicLong answers = new AtomicLong();
    private volatile boolean shopping = true;
    private volatile boolean primaryIsAway;

    @Autowired
    ReadsUnderFaultsTest(Stack stack, MeterRegistry metrics) {
        this.stack = stack;
        this.metrics = metrics;
        this.redis = CacheAdministrator.template(stack.redis().port());
        this.fulfilment = OtherServices.template(stack.kafkaAdministrator());
    }

    private final class Customer {

        private final String name = "customer-" + UUID.randomUUID();
        private final String token = Tokens.of(name);
        private final Api api;
        private final List<String> orders = new ArrayList<>();
        private final Map<String, Long> shown = new HashMap<>();

        Customer(int port) {
            api = new Api(port);
            for (int i = 0; i < ORDERS; i++) {
                orders.add(api.place(name, Api.order("TEA-001", 1))
                        .json()
                        .at("/id")
                        .asString());
            }
        }

        void shop() {
            while (shopping) {
                try {
                    if (ThreadLocalRandom.current().nextInt(4) == 0) {
                        list();
                    } else {
                        look(orders.get(ThreadLocalRandom.current().nextInt(ORDERS)));
                    }
                } catch (RuntimeException | AssertionError e) {
                    complaints.add(e.toString());
                }
                answers.incrementAndGet();
            }
        }

        private void look(String id) {
            Api.Answer answer = get("/api/orders/" + id);
            if (answer.status() == 200 && !isStale(answer)) {
                saw(id, answer.json().at("/version").asLong());
            }
        }

        private void list() {
            Api.Answer answer = get("/api/orders?limit=100");
            if (answer.status() == 200) {
                var listed = answer.json().at("/orders");
                if (listed.size() != ORDERS) {
                    complaints.add("a list of " + listed.size());
                }
                if (!isStale(answer)) {
                    listed.forEach(order ->
                            saw(order.at("/id").asString(), order.at("/version").asLong()));
                }
            }
        }

        private Api.Answer get(String path) {
            long begin = System.nanoTime();
            Api.Answer answer = api.get(path, token);
            Duration took = Duration.ofNanos(System.nanoTime() - begin);
            if (answer.status() != 200) {
                complaints.add(path + " answers " + answer.status());
            }
            if (isStale(answer) && !primaryIsAway) {
                complaints.add(path + " is stale, and the primary is there");
            }
            if (took.compareTo(LONGEST) > 0) {
                complaints.add(path + " took " + took);
            }
            return answer;
        }

        private void saw(String id, long version) {
            long before = shown.getOrDefault(id, 0L);
            if (version < before) {
                complaints.add(id + " went back from " + before + " to " + version);
            }
            shown.put(id, version);
        }
    }

    @BeforeEach
    void open(@LocalServerPort int port) {
        for (int i = 0; i < CUSTOMERS; i++) {
            customers.add(new Customer(port));
        }
        customers.forEach(customer -> threads.submit(customer::shop));
        more();
    }

    @AfterEach
    void close() {
        shopping = false;
        threads.close();
    }

    /** Some answers of whatever the state is. */
    private void more() {
        long enough = answers.get() + 20 * CUSTOMERS;
        await().atMost(SOON).until(() -> answers.get() >= enough);
    }

    /** Fulfilment decides about one order of each customer, while they look. */
    private void settle(int order) {
        for (Customer customer : customers) {
            String id = customer.orders.get(order);
            var outcome = new ProducerRecord<>(
                    "fulfilment.outcomes", id, "{\"orderId\":\"" + id + "\",\"outcome\":\"CONFIRMED\"}");
            outcome.headers().add("ce_type", "dev.meridian.fulfilment.decided".getBytes(StandardCharsets.UTF_8));
            fulfilment.send(outcome);
        }
    }

    private void allSee(int order) {
        await().atMost(SOON)
                .until(() -> customers.stream()
                        .allMatch(customer -> customer.api
                                        .get("/api/orders/" + customer.orders.get(order), customer.token)
                                        .json()
                                        .at("/version")
                                        .asLong()
                                == 2));
    }

    private void increases(String name, String tag, String value) {
        var counter = metrics.counter(name, tag, value);
        double before = counter.count();
        await().atMost(SOON).until(() -> counter.count() > before);
    }

    private void hitsAgain() {
        increases("meridian.cache.reads", "result", "hit");
    }

    @Test
    void redisIsKilledFlushedAndPaused() {
        settle(3); // open orders are not cached
        allSee(3);
        hitsAgain();

        stack.kill("redis-dc1");
        settle(0);
        allSee(0);
        more();
        stack.start("redis-dc1");
        hitsAgain();

        settle(1);
        // Its time-out is short, and the machine may be busy.
        await().atMost(SOON)
                .ignoreExceptions()
                .until(() -> Boolean.TRUE.equals(redis.execute((RedisConnection connection) -> {
                    connection.serverCommands().flushAll();
                    return true;
                })));
        allSee(1);
        hitsAgain();

        stack.pause("redis-dc1");
        settle(2);
        allSee(2);
        more();
        stack.resume("redis-dc1");
        hitsAgain();
        more();

        assertThat(complaints).isEmpty();
    }

    @Test
    void theReplicaIsPausedAndKilled(@LocalManagementPort int management) {
        increases("meridian.reads", "database", "replica");

        stack.pause("postgres-replica");
        more();
        settle(0);
        allSee(0);
        stack.resume("postgres-replica");
        increases("meridian.reads", "database", "replica");

        stack.kill("postgres-replica");
        more();
        assertThat(new Api(management).get("/actuator/health/readiness", null).status())
                .isEqualTo(200);
        settle(1);
        allSee(1);
        stack.start("postgres-replica");
        increases("meridian.reads", "database", "replica");
        more();

        assertThat(complaints).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"kill", "pause"})
    void thePrimaryIsAway(String how, @LocalServerPort int port) {
        Customer customer = customers.getFirst();
        String settled = customer.orders.get(0);
        String open = "/api/orders/" + customer.orders.get(1);
        settle(0);
        allSee(0);
        // The replica has the last of what was written: a list without open orders needs nothing else.
        allAreOnTheReplica(customer);

        primaryIsAway = true;
        if (how.equals("kill")) {
            stack.kill("postgres-primary");
        } else {
            stack.pause("postgres-primary");
        }
        for (int i = 0; i < 10; i++) {
            customer.list();
            customer.look(customer.orders.get(i % ORDERS));
        }
        assertThat(isStale(customer.get(open))).isTrue();
        assertThat(isStale(customer.get("/api/orders"))).isTrue();
        Api.Answer last = customer.get("/api/orders/" + settled);
        assertThat(isStale(last)).as("a final order is never old").isFalse();
        assertThat(last.json().at("/version").asLong()).isEqualTo(2);
        assertThat(new Api(port)
                        .get("/api/orders/" + UUID.randomUUID(), customer.token)
                        .problem())
                .as("the replica cannot tell that an order does not exist")
                .isEqualTo("temporarily-unavailable");
        assertThat(new Api(port).get(open + "/events", customer.token).problem())
                .as("a stream does not begin with an old state")
                .isEqualTo("temporarily-unavailable");

        if (how.equals("kill")) {
            stack.start("postgres-primary");
        } else {
            stack.resume("postgres-primary");
        }
        await().atMost(SOON)
                .until(() ->
                        new Api(port).place("another", Api.order("TEA-001", 1)).status() == 201);
        await().atMost(SOON).until(() -> !isStale(customer.api.get(open, customer.token)));
        increases("meridian.reads", "database", "replica", customer);
        assertThat(complaints).isEmpty();
    }

    private void allAreOnTheReplica(Customer customer) {
        await().atMost(SOON).untilAsserted(() -> {
            try (Connection replica = DriverManager.getConnection(
                            "jdbc:postgresql://" + stack.postgresHosts().split(",")[1] + "/orders",
                            "orders",
                            "orders");
                    var statement =
                            replica.prepareStatement("SELECT count(*), sum(version) FROM orders WHERE customer = ?")) {
                statement.setString(1, customer.name);
                try (var row = statement.executeQuery()) {
                    row.next();
                    assertThat(row.getInt(1)).isEqualTo(ORDERS);
                    assertThat(row.getInt(2)).isEqualTo(ORDERS + 1);
                }
            }
        });
    }

    private static boolean isStale(Api.Answer answer) {
        return answer.header("Meridian-Stale").equals("true");
    }

    private void increases(String name, String tag, String value, Customer customer) {
        var counter = metrics.counter(name, tag, value);
        double before = counter.count();
        await().atMost(SOON).until(() -> {
            customer.api.get("/api/orders", customer.token);
            return counter.count() > before;
        });
    }
}

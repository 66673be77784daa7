package dev.meridian.orders.settlement;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.Api;
import dev.meridian.orders.Feed;
import dev.meridian.orders.RunningService;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Customers cancel the very orders whose outcomes come in. */
@RunningService
class CancellationRaceTest {

    private static final int ROUNDS = 6;
    private static final int ORDERS = 9;
    private static final Duration SOON = Duration.ofSeconds(20);

    private final Settlements settlements;
    private final JdbcClient jdbc;
    private final String customer = "customer-" + UUID.randomUUID();
    private Api api = new Api(0);

    @Autowired
    CancellationRaceTest(Settlements settlements, JdbcClient jdbc) {
        this.settlements = settlements;
        this.jdbc = jdbc;
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        api = new Api(port);
    }

    @Test
    void eachOrderEndsOnceAndAsTheCustomerWasTold() throws Exception {
        Map<String, Api.Answer> told = new HashMap<>();
        try (Feed changes = new Feed("orders.changed")) {
            for (int round = 0; round < ROUNDS; round++) {
                told.putAll(race());
            }
            Map<String, String> stored = new HashMap<>();
            jdbc.sql("SELECT id::text, status || ' ' || version FROM orders WHERE customer = ?")
                    .param(customer)
                    .query(row -> {
                        stored.put(row.getString(1), row.getString(2));
                    });

            assertThat(stored).hasSize(ROUNDS * ORDERS);
            told.forEach((id, answer) -> assertThat(stored.get(id))
                    .as("the order whose cancellation was answered %s", answer.status())
                    .isEqualTo(answer.status() == 200 ? "CANCELLED 2" : "CONFIRMED 2"));
            assertThat(told.values()).allSatisfy(answer -> {
                if (answer.status() == 200) {
                    assertThat(answer.json().at("/status").asString()).isEqualTo("CANCELLED");
                } else {
                    assertThat(answer.problem()).isEqualTo("order-settled");
                }
            });

            List<ConsumerRecord<String, String>> changed =
                    changes.await(stored.size(), SOON, record -> stored.containsKey(record.key()));
            Set<String> published = new HashSet<>();
            for (ConsumerRecord<String, String> change : changed) {
                JsonNode order = JsonMapper.shared().readTree(change.value()).at("/order");
                published.add(change.key());
                assertThat(order.at("/status").asString() + " "
                                + order.at("/version").asLong())
                        .isEqualTo(stored.get(change.key()));
            }
            assertThat(changed).hasSize(published.size());
            assertThat(published).isEqualTo(stored.keySet());
        }
    }

    /** The answers to the cancellations, which all start at the moment at which the outcomes are applied. */
    private Map<String, Api.Answer> race() throws Exception {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < ORDERS; i++) {
            ids.add(api.place(customer, Api.order("TEA-001", 1))
                    .json()
                    .at("/id")
                    .asString());
        }
        CyclicBarrier together = new CyclicBarrier(ORDERS + 1);
        Map<String, Api.Answer> answers = new HashMap<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Map<String, Future<Api.Answer>> cancellations = new HashMap<>();
            for (String id : ids) {
                cancellations.put(id, threads.submit(() -> {
                    together.await(20, SECONDS);
                    return api.cancel(customer, id);
                }));
            }
            // In small batches, as outcomes come in, so that both sides win some.
            together.await(20, SECONDS);
            for (int i = 0; i < ORDERS; i += 3) {
                settlements.apply(ids.subList(i, i + 3).stream()
                        .map(CancellationRaceTest::confirmed)
                        .toList());
            }
            for (Map.Entry<String, Future<Api.Answer>> cancellation : cancellations.entrySet()) {
                answers.put(cancellation.getKey(), cancellation.getValue().get(20, SECONDS));
            }
        }
        return answers;
    }

    private static ConsumerRecord<String, byte[]> confirmed(String id) {
        String outcome =
                "{\"orderId\":\"" + id + "\",\"outcome\":\"CONFIRMED\",\"decidedAt\":\"2026-03-01T10:00:00Z\"}";
        var record = new ConsumerRecord<>("fulfilment.outcomes", 0, 0, id, outcome.getBytes(StandardCharsets.UTF_8));
        record.headers().add("ce_type", Outcome.TYPE.getBytes(StandardCharsets.UTF_8));
        return record;
    }
}

package dev.meridian.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.local.BackingServices;
import dev.meridian.worker.database.EvictOnReadOnly;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** What fails, and goes on failing, while orders come. */
class WorkerFaultsTest extends RunningWorker {

    @Test
    void poisonEndsAsADeadLetterAndDelaysNoOther() throws Exception {
        List<UUID> poison = new ArrayList<>();
        List<UUID> good = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            poison.add(place("tok_poison"));
            good.add(place("tok_ok"));
        }

        long lastGood = good.stream()
                .mapToLong(order -> outcomes.awaitFirst(order.toString(), SOON).timestamp())
                .max()
                .orElseThrow();
        long firstPoison = poison.stream()
                .mapToLong(
                        order -> deadLetters.awaitFirst(order.toString(), SOON).timestamp())
                .min()
                .orElseThrow();
        assertThat(lastGood)
                .as("when the last of the others was done, against the end of the first poison")
                .isLessThan(firstPoison);
        for (UUID order : poison) {
            ConsumerRecord<String, byte[]> deadLetter = deadLetters.awaitFirst(order.toString(), SOON);
            assertThat(violations("dead-letter", deadLetter.value())).isEmpty();
            assertThat(Topic.header(deadLetter, "ce_type")).isEqualTo("dev.meridian.fulfilment.dead-letter");
            assertThat(Topic.header(deadLetter, "ce_source")).isEqualTo("/worker");
            assertThat(Topic.header(deadLetter, "traceparent")).contains(TRACE);
            assertThat(value(deadLetter).get("orderId").asString()).isEqualTo(order.toString());
            assertThat(value(deadLetter).get("topic").asString()).isEqualTo("orders.placed");
            assertThat(value(deadLetter).get("type").asString()).isEqualTo("dev.meridian.order.placed");
            assertThat(value(deadLetter).get("failures").asInt()).isEqualTo(10);
            assertThat(value(deadLetter).get("reason").asString()).contains("tok_poison");
            assertThat(json.readTree(Base64.getDecoder()
                                    .decode(value(deadLetter).get("content").asString()))
                            .get("orderId")
                            .asString())
                    .isEqualTo(order.toString());
            assertThat(outcomes.with(order.toString())).isEmpty();
            assertThat(deadLetters.with(order.toString())).hasSize(1);
        }
        assertThat(jdbc.sql("SELECT max(attempts) FROM simulated_payment")
                        .query(Integer.class)
                        .single())
                .isEqualTo(10);
        Awaitility.await().atMost(SOON).until(() -> retriesWaiting() == 0);
    }

    @Test
    void cancellationEndsAPaymentThatFailsAgainAndAgain() {
        UUID order = place("tok_poison");
        Awaitility.await().atMost(SOON).until(() -> retriesWaiting() == 1);

        cancel(order, "");

        awaitBook(order, "CANCELLED BARRED");
        Awaitility.await().atMost(SOON).until(() -> retriesWaiting() == 0);
        assertThat(held(order)).isZero();
        assertThat(deadLetters.with(order.toString())).isEmpty();
        assertThat(outcomes.with(order.toString())).isEmpty();
    }

    /** The role may not come in any more, and who is in is thrown out: as a database that is away. */
    @Test
    void anOutageOfTheDatabaseLosesNothingAndMakesNoDeadLetters() {
        List<UUID> orders = new ArrayList<>();
        String primary = BackingServices.shared().postgresHosts().split(",")[0];
        JdbcClient superuser = JdbcClient.create(
                new DriverManagerDataSource("jdbc:postgresql://" + primary + "/postgres", "postgres", "postgres"));
        superuser.sql("ALTER ROLE fulfilment NOLOGIN").update();
        try {
            superuser
                    .sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'fulfilment'")
                    .query(Long.class)
                    .single();
            for (int i = 0; i < 50; i++) {
                orders.add(place("tok_ok"));
            }
            Awaitility.await()
                    .atMost(SOON)
                    .until(() -> meters.get("meridian.queue.backing.off")
                                    .tag("loop", "orders.placed")
                                    .gauge()
                                    .value()
                            == 1);
            assertThat(outcomes.with(orders.getFirst().toString())).isEmpty();
        } finally {
            superuser.sql("ALTER ROLE fulfilment LOGIN").update();
        }

        for (UUID order : orders) {
            ConsumerRecord<String, byte[]> outcome = outcomes.awaitFirst(order.toString(), SOON);
            assertThat(value(outcome).get("outcome").asString()).isEqualTo("CONFIRMED");
            assertThat(deadLetters.with(order.toString())).isEmpty();
        }
    }

    /** As a worker that is paused between two statements. */
    @Test
    void aTransactionThatHangsGivesItsRowsBack() throws Exception {
        Connection hanging = pool.getConnection();
        try (Statement statement = hanging.createStatement()) {
            hanging.setAutoCommit(false);
            statement.execute("SELECT FROM stock WHERE sku = 'TEA-001' FOR UPDATE");

            UUID order = place("tok_ok");

            assertThat(value(outcomes.awaitFirst(order.toString(), SOON.multipliedBy(2)))
                            .get("outcome")
                            .asString())
                    .isEqualTo("CONFIRMED");
            assertThat(hanging.isValid(1)).isFalse();
        } finally {
            pool.evictConnection(hanging);
        }
    }

    @Test
    void leavesAPrimaryThatWasDemoted() {
        assertThat(pool.getExceptionOverrideClassName()).isEqualTo(EvictOnReadOnly.class.getName());
    }
}

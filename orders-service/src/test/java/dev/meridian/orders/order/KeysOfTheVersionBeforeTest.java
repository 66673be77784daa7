package dev.meridian.orders.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.meridian.local.BackingServices;
import dev.meridian.orders.Api;
import dev.meridian.orders.RealBackingServices;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.UUID;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ContextConfiguration;

/** A database of the version that kept keys in a table of their own, and what this version makes of it. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ContextConfiguration(initializers = {RealBackingServices.class, KeysOfTheVersionBeforeTest.ItsDatabase.class})
@DirtiesContext
class KeysOfTheVersionBeforeTest {

    private static final String OLD = "3.1";
    private static final int MANY = 2_500; // more than are copied at a time
    private static final UUID ORDER = UUID.fromString("019a0000-0000-7000-8000-000000000001");

    /** The statements of the version before, with its runtime role. */
    private record Database(String url, JdbcClient jdbc) {

        static Database atVersion(String name, String version) {
            BackingServices services = BackingServices.shared();
            try (Connection connection =
                            DriverManager.getConnection(services.jdbcUrl("postgres"), "postgres", "postgres");
                    Statement statement = connection.createStatement()) {
                statement.execute("DROP DATABASE IF EXISTS " + name + " (FORCE)");
                statement.execute("CREATE DATABASE " + name + " OWNER orders_migrator");
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
            String url = services.jdbcUrl(name);
            var database = new Database(
                    url,
                    JdbcClient.create(
                            new org.springframework.jdbc.datasource.DriverManagerDataSource(url, "orders", "orders")));
            database.migrate(version);
            return database;
        }

        void migrate(@Nullable String version) {
            var flyway = Flyway.configure()
                    .dataSource(url, "orders_migrator", "orders_migrator")
                    .initSql("SET lock_timeout = '5s'")
                    .configuration(Map.of("flyway.postgresql.transactional.lock", "false"));
            if (version != null) {
                flyway.target(version);
            }
            flyway.load().migrate();
        }

        void order(UUID id, String customer) {
            jdbc.sql("""
                    WITH head AS (
                        INSERT INTO orders (id, customer, status, version, placed_at, total, currency, payment_token)
                        VALUES (?, ?, 'CONFIRMED', 2, '2026-03-01T10:00:00.123Z', 20.00, 'EUR', 'tok_ok') RETURNING id)
                    INSERT INTO order_lines (order_id, position, sku, name, quantity, unit_price)
                    SELECT id, 1, 'TEA-001', 'Assam of yesterday', 2, 10.00 FROM head""").params(id, customer).update();
        }

        void key(String customer, String key, @Nullable UUID order, String request) {
            jdbc.sql("""
                    INSERT INTO idempotency_keys (customer, key, request_hash, order_id, response, created_at)
                    VALUES (?, ?, ?, ?, '{}', now())
                    ON CONFLICT (customer, key) DO UPDATE SET order_id = excluded.order_id""")
                    .param(customer)
                    .param(key)
                    .param(sha256(request))
                    .param(order)
                    .update();
        }

        @Nullable
        String keyOf(UUID id) {
            return jdbc.sql("SELECT idempotency_key FROM orders WHERE id = ?")
                    .param(id)
                    .query(String.class)
                    .optional()
                    .orElse(null);
        }
    }

    private static byte[] sha256(String request) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(request.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Filled before the service starts, which migrates it. */
    static class ItsDatabase implements ApplicationContextInitializer<ConfigurableApplicationContext> {

        @Override
        public void initialize(ConfigurableApplicationContext context) {
            Database database = Database.atVersion("orders_of_before", OLD);
            database.order(ORDER, "alice");
            database.key("alice", "yesterday", ORDER, Api.order("TEA-001", 2));
            database.key("alice", "cancelled", null, "whatever");
            database.jdbc.sql("""
                    WITH placed AS (
                        INSERT INTO orders (id, customer, status, version, placed_at, total, currency, payment_token)
                        SELECT gen_random_uuid(), 'bob', 'CONFIRMED', 2, now(), 1, 'EUR', 'tok_ok'
                        FROM generate_series(1, ?) RETURNING id)
                    INSERT INTO idempotency_keys (customer, key, request_hash, order_id, response, created_at)
                    SELECT 'bob', 'key of ' || id, '', id, '{}', now() FROM placed""").param(MANY).update();
            TestPropertyValues.of(
                            "spring.datasource.url=" + database.url,
                            "spring.kafka.listener.auto-startup=false") // its outcomes are another database's
                    .applyTo(context);
        }
    }

    @Test
    void aKeyOfTheTableIsReplayedAsItsOrderAtItsFirstVersion(@LocalServerPort int port, @Autowired JdbcClient jdbc) {
        Api.Answer answer = new Api(port).place("alice", "yesterday", Api.order("TEA-001", 2));

        assertThat(answer.status()).isEqualTo(201);
        assertThat(answer.header("Idempotent-Replayed")).isEqualTo("true");
        assertThat(answer.header("Location")).isEqualTo("/api/orders/" + ORDER);
        assertThat(answer.header("ETag")).isEqualTo("\"1\"");
        assertThat(answer.response().body())
                .isEqualTo("{\"id\":\"" + ORDER + "\",\"status\":\"PLACED\",\"version\":1,"
                        + "\"placedAt\":\"2026-03-01T10:00:00.123Z\","
                        + "\"lines\":[{\"sku\":\"TEA-001\",\"name\":\"Assam of yesterday\",\"quantity\":2,"
                        + "\"unitPrice\":{\"amount\":\"10.00\",\"currency\":\"EUR\"}}],"
                        + "\"total\":{\"amount\":\"20.00\",\"currency\":\"EUR\"}}");
        assertThat(new Api(port)
                        .place("alice", "yesterday", Api.order("TEA-001", 3))
                        .problem())
                .isEqualTo("idempotency-key-reused");
        // A cancellation's key is no placement's.
        assertThat(new Api(port)
                        .place("alice", "cancelled", Api.order("TEA-001", 2))
                        .header("Idempotent-Replayed"))
                .isEmpty();
        assertThat(jdbc.sql("SELECT count(*) FROM orders WHERE customer = 'bob' AND idempotency_key = 'key of ' || id")
                        .query(Integer.class)
                        .single())
                .isEqualTo(MANY);
    }

    /** During a rollout: the version before writes its table, and this one its orders. */
    @Test
    void bothVersionsKnowEachOthersKeysUntilTheTableGoes() {
        Database database = Database.atVersion("orders_in_rollout", "4.1");
        UUID first = UUID.randomUUID();
        UUID second = UUID.randomUUID();
        UUID third = UUID.randomUUID();
        database.order(first, "alice");
        database.order(second, "alice");
        database.order(third, "alice");

        database.key("alice", "key", first, "");
        assertThat(database.keyOf(first)).isEqualTo("key");

        // Expired, and used again.
        database.key("alice", "key", second, "");
        assertThat(database.keyOf(first)).isNull();
        assertThat(database.keyOf(second)).isEqualTo("key");

        // Used by this version first.
        database.jdbc
                .sql("UPDATE orders SET idempotency_key = 'mine', request_hash = '' WHERE id = ?")
                .param(first)
                .update();
        assertThatThrownBy(() -> database.key("alice", "mine", third, ""))
                .isInstanceOf(ConcurrencyFailureException.class);
        assertThat(database.keyOf(third)).isNull();

        database.migrate(null);
        assertThat(database.keyOf(second)).isEqualTo("key");
        assertThat(database.jdbc
                        .sql("SELECT to_regclass('idempotency_keys')::text")
                        .query(String.class)
                        .optional())
                .isEmpty();
    }
}

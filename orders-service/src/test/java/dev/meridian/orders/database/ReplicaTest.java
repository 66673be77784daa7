package dev.meridian.orders.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.orders.RunningService;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Against real servers: when the replica is read, and what is known of its lag. */
@RunningService
class ReplicaTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Function<JdbcClient, Boolean> IS_REPLICA = database ->
            database.sql("SELECT pg_is_in_recovery()").query(Boolean.class).single();

    private final ServerPools pools;
    private final JdbcClient jdbc;
    private final MeterRegistry metrics;
    private final String[] hosts;

    @Autowired
    ReplicaTest(
            HikariDataSource writer,
            JdbcClient jdbc,
            MeterRegistry metrics,
            @Value("${meridian.postgres}") String hosts) {
        this.pools = new ServerPools(writer);
        this.jdbc = jdbc;
        this.metrics = metrics;
        this.hosts = hosts.split(",");
    }

    @AfterEach
    void end() throws Exception {
        tellReplica("SELECT pg_wal_replay_resume()");
        pools.close();
    }

    private void tellReplica(String sql) throws SQLException {
        try (Connection replica = DriverManager.getConnection(
                        "jdbc:postgresql://" + hosts[1] + "/postgres", "postgres", "postgres");
                var statement = replica.createStatement()) {
            statement.execute(sql);
        }
    }

    private Replica replica(HikariDataSource pool, Duration maxLag) {
        // The test checks, so that a check comes when the test has caused something.
        var settings = new ReplicaSettings("unused", Duration.ofMinutes(1), maxLag);
        return new Replica(pool, settings, new SimpleMeterRegistry());
    }

    @Test
    void aReplicaThatIsFarBehindIsReadOnlyByThoseWhoTakeAnyAge() throws SQLException {
        Replica replica = replica(pools.to(hosts[1], 2), Duration.ofMillis(100));
        await().atMost(SOON).untilAsserted(() -> {
            replica.check();
            assertThat(replica.lag()).contains(Duration.ZERO);
        });
        assertThat(replica.read(IS_REPLICA)).contains(true);

        tellReplica("SELECT pg_wal_replay_pause()");
        await().atMost(SOON).untilAsserted(() -> {
            jdbc.sql("UPDATE products SET name = name WHERE sku = 'TEA-001'").update();
            replica.check();
            assertThat(replica.lag().orElseThrow()).isGreaterThan(Duration.ofMillis(100));
        });
        assertThat(replica.read(IS_REPLICA)).isEmpty();
        assertThat(replica.readHoweverOld(IS_REPLICA)).contains(true);

        tellReplica("SELECT pg_wal_replay_resume()");
        await().atMost(SOON).untilAsserted(() -> {
            replica.check();
            assertThat(replica.read(IS_REPLICA)).contains(true);
        });
    }

    @Test
    void theServicesOwnReplicaIsChecked() {
        await().atMost(SOON)
                .until(() -> metrics.get("meridian.replica.lag").gauge().value() >= 0);
    }

    @Test
    void aServerThatWasPromotedLosesItsConnectionsWithTheNextCheck() throws SQLException {
        HikariDataSource pool = pools.to(hosts[0], 1);
        Replica replica = replica(pool, Duration.ofMinutes(1));
        int before = backend(pool);

        replica.check();

        assertThat(backend(pool)).isNotEqualTo(before);
        assertThat(replica.lag()).isEmpty();
        assertThat(replica.readHoweverOld(IS_REPLICA)).isEmpty();
    }

    private static int backend(HikariDataSource pool) {
        return JdbcClient.create(pool)
                .sql("SELECT pg_backend_pid()")
                .query(Integer.class)
                .single();
    }

    @Test
    void aReadThatFailsKeepsTheNextOnesAwayUntilACheckSucceeds() {
        Replica replica = replica(pools.to(hosts[1], 1), Duration.ofMinutes(1));
        var asked = new AtomicInteger();
        Function<JdbcClient, Boolean> failing = database -> {
            asked.incrementAndGet();
            return database.sql("SELECT pg_terminate_backend(pg_backend_pid()), true AS done")
                    .query((row, n) -> row.getBoolean("done"))
                    .single();
        };
        assertThat(replica.read(failing)).isEmpty();
        assertThat(replica.read(failing)).isEmpty();
        assertThat(asked).hasValue(1);

        replica.check();
        assertThat(replica.read(IS_REPLICA)).contains(true);
    }

    @Test
    void aReplicaThatHangsCostsOneTimeOut() throws Exception {
        HikariDataSource pool = pools.to(pools.hanging(), 1);
        pool.setConnectionTimeout(500);
        Replica replica = replica(pool, Duration.ofMinutes(1));
        var asked = new AtomicInteger();
        Function<JdbcClient, Boolean> counted = database -> {
            asked.incrementAndGet();
            return IS_REPLICA.apply(database);
        };

        long begin = System.nanoTime();
        for (int i = 0; i < 100; i++) {
            assertThat(replica.read(counted)).isEmpty();
        }
        assertThat(asked).hasValue(1);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
    }
}

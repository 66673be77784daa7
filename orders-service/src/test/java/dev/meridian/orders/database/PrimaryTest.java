package dev.meridian.orders.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.orders.RunningService;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.BadSqlGrammarException;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What a read of the primary does about broken connections, and about a server that hangs or is gone. */
@RunningService
class PrimaryTest {

    private static final PrimarySettings SETTINGS = new PrimarySettings(Duration.ofSeconds(1), Duration.ofMinutes(1));
    private static final Function<JdbcClient, Integer> BACKEND = database ->
            database.sql("SELECT pg_backend_pid()").query(Integer.class).single();

    private final ServerPools pools;
    private final String host;

    @Autowired
    PrimaryTest(HikariDataSource writer, @Value("${meridian.postgres}") String hosts) {
        this.pools = new ServerPools(writer);
        this.host = hosts.split(",")[0];
    }

    @AfterEach
    void end() throws Exception {
        pools.close();
    }

    private static Primary primary(HikariDataSource pool) {
        return new Primary(pool, SETTINGS, new SimpleMeterRegistry());
    }

    private void kill(List<Integer> backends) throws SQLException {
        try (Connection superuser =
                        DriverManager.getConnection("jdbc:postgresql://" + host + "/postgres", "postgres", "postgres");
                var statement = superuser.createStatement()) {
            for (int backend : backends) {
                statement.execute("SELECT pg_terminate_backend(" + backend + ", 5000)");
            }
        }
    }

    @Test
    void aReadThatMeetsABrokenConnectionIsAnsweredOnAFreshOne() throws SQLException {
        HikariDataSource pool = pools.to(host, 4);
        Primary primary = primary(pool);
        List<Integer> before = new ArrayList<>();
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Connection connection = pool.getConnection();
            all.add(connection);
            try (var statement = connection.createStatement();
                    var row = statement.executeQuery("SELECT pg_backend_pid()")) {
                row.next();
                before.add(row.getInt(1));
            }
        }
        for (Connection connection : all) {
            connection.close();
        }

        kill(before); // all, and they were used a moment ago, so that the pool trusts them

        assertThat(primary.read(BACKEND)).isNotIn(before);
    }

    @Test
    void aReadIsTriedTwiceAndNoMore() {
        Primary primary = primary(pools.to(host, 1));
        var asked = new AtomicInteger();
        Function<JdbcClient, Boolean> failing = database -> {
            asked.incrementAndGet();
            return database.sql("SELECT pg_terminate_backend(pg_backend_pid()), true AS done")
                    .query((row, n) -> row.getBoolean("done"))
                    .single();
        };

        assertThatThrownBy(() -> primary.read(failing)).isInstanceOf(DataAccessException.class);
        assertThat(asked).hasValue(2);
    }

    @Test
    void aServerThatHangsCostsOneTimeOutAndThenNothing() throws Exception {
        HikariDataSource pool = pools.to(host, 1);
        Primary primary = primary(pool);
        var asked = new AtomicInteger();
        Function<JdbcClient, Integer> slow = database -> {
            asked.incrementAndGet();
            return database.sql("SELECT 1 FROM pg_sleep(20)")
                    .query(Integer.class)
                    .single();
        };

        long begin = System.nanoTime();
        for (int i = 0; i < 100; i++) {
            assertThatThrownBy(() -> primary.read(slow)).isInstanceOf(DataAccessResourceFailureException.class);
        }
        assertThat(asked).as("a time-out is not tried again").hasValue(1);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void itsTimeOutEndsWithTheRead() {
        HikariDataSource pool = pools.to(host, 1);
        pool.setJdbcUrl("jdbc:postgresql://" + host + "/orders?socketTimeout=30");
        primary(pool).read(BACKEND);

        assertThat(JdbcClient.create(pool)
                        .sql("SELECT 1 FROM pg_sleep(1.5)")
                        .query(Integer.class)
                        .single())
                .isEqualTo(1);
    }

    @Test
    void aWrongStatementIsNoFailureOfTheServer() {
        Primary primary = primary(pools.to(host, 1));
        Function<JdbcClient, Integer> wrong =
                database -> database.sql("SELECT nothing").query(Integer.class).single();

        assertThatThrownBy(() -> primary.read(wrong)).isInstanceOf(BadSqlGrammarException.class);
        assertThat(primary.read(BACKEND)).isPositive();
    }
}

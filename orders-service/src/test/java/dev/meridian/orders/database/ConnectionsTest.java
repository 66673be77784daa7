package dev.meridian.orders.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.orders.RunningService;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** What becomes of connections to a server that has changed. */
@RunningService
class ConnectionsTest {

    private final HikariDataSource writer;
    private final HikariDataSource reader;
    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final MeterRegistry metrics;
    private final String[] hosts;

    @Autowired
    ConnectionsTest(
            HikariDataSource writer,
            @Qualifier("reader") HikariDataSource reader,
            JdbcClient jdbc,
            TransactionTemplate transaction,
            MeterRegistry metrics,
            @Value("${meridian.postgres}") String hosts) {
        this.writer = writer;
        this.reader = reader;
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.metrics = metrics;
        this.hosts = hosts.split(",");
    }

    /** A pool of one connection, set up as the writer's, which takes any server for the primary. */
    private HikariDataSource poolOf(String host) {
        var pool = new HikariDataSource();
        pool.setJdbcUrl("jdbc:postgresql://" + host + "/orders");
        pool.setUsername(writer.getUsername());
        pool.setPassword(writer.getPassword());
        pool.setMaximumPoolSize(1);
        pool.setExceptionOverrideClassName(writer.getExceptionOverrideClassName());
        return pool;
    }

    private static int backend(DataSource pool) throws SQLException {
        try (Connection connection = pool.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        }
    }

    @Test
    void aServerThatWasDemotedLosesItsConnectionsWithTheFirstWriteThatItRefuses() throws SQLException {
        try (HikariDataSource demoted = poolOf(hosts[1])) {
            int before = backend(demoted);
            assertThat(backend(demoted)).isEqualTo(before);

            try (Connection connection = demoted.getConnection();
                    var statement = connection.createStatement()) {
                assertThatThrownBy(() -> statement.executeUpdate("DELETE FROM outbox WHERE id = -1"))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                e -> assertThat(e.getSQLState()).isEqualTo("25006"));
            }
            assertThat(backend(demoted)).isNotEqualTo(before);
        }
    }

    @Test
    void bothPoolsAreSetUpForThat() {
        assertThat(writer.getExceptionOverrideClassName()).isEqualTo(EvictOnReadOnly.class.getName());
        assertThat(reader.getExceptionOverrideClassName()).isEqualTo(EvictOnReadOnly.class.getName());
        assertThat(reader.getMaximumPoolSize()).isEqualTo(8);
        assertThat(writer.getMaximumPoolSize()).isEqualTo(16);
    }

    @Test
    void bothPoolsAreMeasured() {
        assertThat(metrics.find("hikaricp.connections.active").gauges())
                .extracting(gauge -> gauge.getId().getTag("pool"))
                .contains("writer", "reader");
    }

    @Test
    void aTransactionThatMayWriteIsOnThePrimary() {
        assertThat(transaction.<Boolean>execute(status -> jdbc.sql("SELECT pg_is_in_recovery()")
                        .query(Boolean.class)
                        .single()))
                .isFalse();
        assertThat(jdbc.sql("SELECT pg_is_in_recovery()").query(Boolean.class).single())
                .isFalse();
    }
}

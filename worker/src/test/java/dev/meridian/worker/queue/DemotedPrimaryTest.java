package dev.meridian.worker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.local.BackingServices;
import dev.meridian.worker.Backing;
import dev.meridian.worker.database.EvictOnReadOnly;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A connection to a server that only reads, as a primary does that was demoted: here it is the replica. */
class DemotedPrimaryTest {

    @Test
    void isAnOutageAndLosesTheConnection() {
        try (HikariDataSource primary = Backing.database(1);
                HikariDataSource demoted = new HikariDataSource()) {
            demoted.setJdbcUrl("jdbc:postgresql://"
                    + BackingServices.shared().postgresHosts().split(",")[1] + "/fulfilment");
            demoted.setUsername(primary.getUsername());
            demoted.setPassword(primary.getPassword());
            demoted.setMaximumPoolSize(1);
            demoted.setExceptionOverrideClassName(EvictOnReadOnly.class.getName());
            JdbcClient jdbc = JdbcClient.create(demoted);
            // The table comes from the primary.
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .ignoreExceptions()
                    .until(() -> jdbc.sql("SELECT count(*) FROM retry WHERE false")
                            .query(Integer.class)
                            .single()
                            .equals(0));
            int before = backend(jdbc);

            assertThat(new RetryTable(new JdbcTemplate(demoted), Fixtures.settings()).isWritable())
                    .isFalse();
            assertThat(new RetryTable(new JdbcTemplate(primary), Fixtures.settings()).isWritable())
                    .isTrue();

            assertThat(backend(jdbc)).isNotEqualTo(before);
        }
    }

    private static int backend(JdbcClient jdbc) {
        return jdbc.sql("SELECT pg_backend_pid()").query(Integer.class).single();
    }
}

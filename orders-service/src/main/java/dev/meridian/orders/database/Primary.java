package dev.meridian.orders.database;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.jdbc.CannotGetJdbcConnectionException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.stereotype.Component;

/** Reads from the primary, for those who can do with less where it is away. See docs/adr/0008-reads.md. */
@Component
public class Primary {

    private static final Logger log = LoggerFactory.getLogger(Primary.class);

    private final HikariDataSource pool;
    private final JdbcClient database;
    private final CircuitBreaker breaker;
    private final Counter reads;

    Primary(HikariDataSource pool, PrimarySettings settings, MeterRegistry metrics) {
        this.pool = pool;
        this.database = JdbcClient.create(
                new BoundedReads(pool, Math.toIntExact(settings.queryTimeout().toMillis())));
        this.breaker = new CircuitBreaker(log, "The primary", settings.pause());
        this.reads = DataSources.reads(metrics, "primary");
    }

    /** The pool resets the time-out when it gets the connection back. */
    private static final class BoundedReads extends DelegatingDataSource {

        private final int millis;

        BoundedReads(HikariDataSource pool, int millis) {
            super(pool);
            this.millis = millis;
        }

        @Override
        public Connection getConnection() throws SQLException {
            Connection connection = super.getConnection();
            try {
                connection.setNetworkTimeout(Runnable::run, millis);
                return connection;
            } catch (SQLException e) {
                connection.close();
                throw e;
            }
        }
    }

    /**
     * Asks the primary; once more, on a fresh connection, where the connection turns out to be broken. It waits for a
     * connection as long as its pool does, and for the answer as long as {@code meridian.primary.query-timeout} says.
     *
     * @param query one statement, which changes nothing
     * @throws DataAccessResourceFailureException where the primary does not answer in time, or failed a moment ago
     */
    public <T> T read(Function<JdbcClient, T> query) {
        if (!breaker.permits()) {
            throw new DataAccessResourceFailureException("The primary failed a moment ago");
        }
        try {
            T answer = readTwiceIfBroken(query);
            reads.increment();
            breaker.succeeded();
            return answer;
        } catch (DataAccessResourceFailureException e) {
            breaker.failed(e.getMessage());
            throw e;
        }
    }

    private <T> T readTwiceIfBroken(Function<JdbcClient, T> query) {
        try {
            return query.apply(database);
        } catch (DataAccessResourceFailureException e) {
            // A broken connection shows at once. A second attempt after a time-out would only double the wait.
            if (e instanceof CannotGetJdbcConnectionException
                    || NestedExceptionUtils.getMostSpecificCause(e) instanceof SocketTimeoutException) {
                throw e;
            }
            // The others lead to the same server, and the pool trusts those that were used a moment ago.
            pool.getHikariPoolMXBean().softEvictConnections();
            return query.apply(database);
        }
    }
}

package dev.meridian.orders.database;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.datasource.AbstractDataSource;

/**
 * Where reads get their connections: from the replica where it is well and has all that the caller has seen, else from
 * the primary.
 */
final class ReaderDataSource extends AbstractDataSource {

    private static final Logger log = LoggerFactory.getLogger(ReaderDataSource.class);

    private final DataSource reader;
    private final DataSource writer;
    private final Replica replica;
    private final Counter fromReplica;
    private final Counter fromPrimary;

    ReaderDataSource(DataSource reader, DataSource writer, Replica replica, MeterRegistry metrics) {
        this.reader = reader;
        this.writer = writer;
        this.replica = replica;
        this.fromReplica = reads(metrics, "replica");
        this.fromPrimary = reads(metrics, "primary");
    }

    private static Counter reads(MeterRegistry metrics, String database) {
        return Counter.builder("meridian.reads")
                .description("Read-only transactions, by the database that they went to")
                .tag("database", database)
                .register(metrics);
    }

    @Override
    public Connection getConnection() throws SQLException {
        Position required = Horizon.required();
        // Before the transaction's first statement: what is known now, it will see.
        Position reached = replica.reached().orElse(null);
        if (SecondTry.Attempt.current().mayUseReplica() && replica.serves(required)) {
            try {
                Connection connection = reader.getConnection();
                SecondTry.Attempt.current().usesReplica();
                Horizon.current().ifPresent(horizon -> horizon.covers(reached));
                fromReplica.increment();
                Tracked.track(connection);
                return connection;
            } catch (SQLException e) {
                replica.rest();
                log.warn("The replica gives no connection; reads go to the primary: {}", e.getMessage());
            }
        }
        Connection connection = writer.getConnection();
        Horizon.current().ifPresent(horizon -> horizon.covers(before(required)));
        fromPrimary.increment();
        Tracked.track(connection);
        return connection;
    }

    /**
     * What anybody was shown before this question can be read from the primary now. That holds for commits before the
     * required position, and not for one that ends there: it may have been flushed, and its position given out, while
     * it still waited for the replica's confirmation and nobody saw it.
     */
    private static @Nullable Position before(@Nullable Position required) {
        return required == null || required.lsn() == 0 ? null : new Position(required.timeline(), required.lsn() - 1);
    }

    @Override
    public Connection getConnection(String username, String password) throws SQLException {
        throw new SQLException("Connections are given out for one user only");
    }
}

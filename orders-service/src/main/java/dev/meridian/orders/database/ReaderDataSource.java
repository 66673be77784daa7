package dev.meridian.orders.database;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.WeakHashMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
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
    private final Map<PGConnection, Long> firstSeen = new WeakHashMap<>();
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
        if (mayUseReplica() && replica.serves(Horizon.required())) {
            Connection connection = fromReplica(Horizon.required());
            if (connection != null) {
                return connection;
            }
        }
        Position covered = replica.primaryIncluded().orElse(null);
        Connection connection = writer.getConnection();
        Horizon.current().ifPresent(horizon -> horizon.reads(false, covered));
        fromPrimary.increment();
        Tracked.track(connection, any -> {});
        return connection;
    }

    private @Nullable Connection fromReplica(@Nullable Position required) {
        // Before the transaction's first statement: what is known now, that will see.
        Position reached = replica.reached().orElse(null);
        try {
            Connection connection = reader.getConnection();
            boolean known = isKnownTo(connection);
            if (required != null && !known) {
                connection.close();
                return null;
            }
            SecondTry.Attempt.current().usesReplica();
            Horizon.current().ifPresent(horizon -> horizon.reads(true, known ? reached : null));
            fromReplica.increment();
            Tracked.track(connection, this::found);
            return connection;
        } catch (SQLException e) {
            replica.rest();
            log.warn("The replica gives no connection; reads go to the primary: {}", e.getMessage());
            return null;
        }
    }

    /** Whether the replica has named its position since the connection was made. Gives it back where that fails. */
    private boolean isKnownTo(Connection connection) throws SQLException {
        try {
            PGConnection physical = connection.unwrap(PGConnection.class);
            synchronized (firstSeen) {
                return replica.isKnownTo(firstSeen.computeIfAbsent(physical, any -> System.nanoTime()));
            }
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    private void found(Standing standing) {
        if (standing.replica()) {
            replica.replicaHas(standing.reached());
        }
    }

    private static boolean mayUseReplica() {
        return SecondTry.Attempt.current().mayUseReplica()
                && !Horizon.current().map(Horizon::onPrimary).orElse(false);
    }

    @Override
    public Connection getConnection(String username, String password) throws SQLException {
        throw new SQLException("Connections are given out for one user only");
    }
}

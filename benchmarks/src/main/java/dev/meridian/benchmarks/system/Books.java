package dev.meridian.benchmarks.system;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/** The orders in the system's database, read beside the system. */
record Books(String postgres) {

    private Connection connect() throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://" + postgres + "/orders", "postgres", "postgres");
    }

    /** Takes effect when the server is started again; from then on {@link #settledSince} can tell. */
    void keepCommitTimes() throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            statement.execute("ALTER SYSTEM SET track_commit_timestamp = on");
        }
    }

    long unsettled() throws SQLException {
        return count("SELECT count(*) FROM orders WHERE status = 'PLACED'");
    }

    long orders() throws SQLException {
        return count("SELECT count(*) FROM orders");
    }

    /** A session that sees the database as it is now, until it is closed; what is deleted meanwhile stays for it. */
    Connection holdSnapshot() throws SQLException {
        var connection = connect();
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (var statement = connection.createStatement()) {
            statement.execute("SELECT 1");
        }
        return connection;
    }

    private long count(String query) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement();
                var count = statement.executeQuery(query)) {
            count.next();
            return count.getLong(1);
        }
    }

    /** Whether every order was settled within the limit. */
    boolean awaitSettled(Duration limit) throws SQLException, InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (unsettled() > 0) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            Thread.sleep(50);
        }
        return true;
    }

    /** When the transaction that settled each order was committed, of the orders placed since then. */
    Map<String, Instant> settledSince(Instant placed) throws SQLException {
        try (var connection = connect();
                var select = connection.prepareStatement("""
                        SELECT id::text, pg_xact_commit_timestamp(xmin) FROM orders
                        WHERE placed_at >= ? AND status <> 'PLACED'""")) {
            select.setTimestamp(1, java.sql.Timestamp.from(placed));
            var settled = new HashMap<String, Instant>();
            try (var found = select.executeQuery()) {
                while (found.next()) {
                    settled.put(found.getString(1), found.getTimestamp(2).toInstant());
                }
            }
            return settled;
        }
    }
}

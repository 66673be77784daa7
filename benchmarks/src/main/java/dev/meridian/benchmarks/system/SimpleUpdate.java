package dev.meridian.benchmarks.system;

import dev.meridian.benchmarks.load.ClosedLoop;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The transaction {@code simple-update} of PostgreSQL's pgbench, by plain JDBC on the system's own server: what a run's
 * machine gives, which no version of the system changes.
 */
record SimpleUpdate(String postgres) implements AutoCloseable {

    /** As many as pgbench makes at scale 10. */
    static final int ACCOUNTS = 1_000_000;

    private static final int BRANCHES = 10;
    private static final int TELLERS = 100;
    private static final String DATABASE = "simple_update";

    /** Makes a database with pgbench's tables. */
    static SimpleUpdate create(String postgres) throws SQLException {
        var made = new SimpleUpdate(postgres);
        made.execute("postgres", "DROP DATABASE IF EXISTS " + DATABASE + " (FORCE)", "CREATE DATABASE " + DATABASE);
        made.execute(
                DATABASE,
                "CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22))",
                "CREATE TABLE pgbench_accounts (aid int NOT NULL, bid int, abalance int, filler char(84))",
                "INSERT INTO pgbench_accounts SELECT n, (n - 1) / 100000 + 1, 0, '' FROM generate_series(1, " + ACCOUNTS
                        + ") n",
                "ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)",
                "VACUUM (ANALYZE) pgbench_accounts",
                "CHECKPOINT");
        return made;
    }

    Connection connect(String database) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://" + postgres + "/" + database, "postgres", "postgres");
    }

    private void execute(String database, String... statements) throws SQLException {
        try (var connection = connect(database);
                var statement = connection.createStatement()) {
            for (var each : statements) {
                statement.execute(each);
            }
        }
    }

    /** Makes as many of the transactions as it can for that long. */
    ClosedLoop.Result run(int connections, Duration length) throws Exception {
        var open = new ArrayList<Connection>();
        try {
            return ClosedLoop.run(connections, length, number -> {
                var connection = connect(DATABASE);
                open.add(connection);
                connection.setAutoCommit(false);
                return caller(connection);
            });
        } finally {
            for (var connection : open) {
                connection.close();
            }
        }
    }

    private static ClosedLoop.Caller caller(Connection connection) throws SQLException {
        var update = connection.prepareStatement("UPDATE pgbench_accounts SET abalance = abalance + ? WHERE aid = ?");
        var select = connection.prepareStatement("SELECT abalance FROM pgbench_accounts WHERE aid = ?");
        var insert = connection.prepareStatement("INSERT INTO pgbench_history (tid, bid, aid, delta, mtime)"
                + " VALUES (?, ?, ?, ?, CURRENT_TIMESTAMP)");
        return () -> {
            var random = ThreadLocalRandom.current();
            int account = random.nextInt(1, ACCOUNTS + 1);
            int delta = random.nextInt(-5_000, 5_001);
            update.setInt(1, delta);
            update.setInt(2, account);
            update.executeUpdate();
            select.setInt(1, account);
            select.executeQuery().close();
            insert.setInt(1, random.nextInt(1, TELLERS + 1));
            insert.setInt(2, random.nextInt(1, BRANCHES + 1));
            insert.setInt(3, account);
            insert.setInt(4, delta);
            insert.executeUpdate();
            connection.commit();
        };
    }

    @Override
    public void close() throws SQLException {
        execute("postgres", "DROP DATABASE IF EXISTS " + DATABASE + " (FORCE)");
    }
}

package dev.meridian.benchmarks.system;

import dev.meridian.benchmarks.load.ClosedLoop;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Map;
import java.util.UUID;
import org.flywaydb.core.Flyway;

/**
 * What orders-service writes for one order, written by JDBC and nothing else: the same rows in two statements and a
 * commit, in a database of its own that the same migrations made. No more than this is to be had from this machine's PostgreSQL.
 */
record PlainJdbc(String postgres) implements AutoCloseable {
    private static final String DATABASE = "plain_jdbc";
    private static final String USER = "postgres"; // and its password

    private static final String EVENT = """
            {"orderId":"019a0000-0000-7000-8000-000000000000","customer":"demo","placedAt":"2026-01-01T00:00:00.000Z",\
            "lines":[{"sku":"TEA-001","quantity":2},{"sku":"MUG-001","quantity":1}],\
            "total":{"amount":"33.90","currency":"EUR"},"paymentToken":"tok_ok"}""";

    /** @param migrations the folder of orders-service's migrations */
    static PlainJdbc create(String postgres, Path migrations) throws SQLException {
        var made = new PlainJdbc(postgres);
        try (var connection = made.connect("postgres");
                var statement = connection.createStatement()) {
            statement.execute("DROP DATABASE IF EXISTS " + DATABASE + " (FORCE)");
            statement.execute("CREATE DATABASE " + DATABASE);
        }
        Flyway.configure()
                .dataSource(made.url(DATABASE), USER, USER)
                .locations("filesystem:" + migrations)
                .configuration(Map.of("flyway.postgresql.transactional.lock", "false")) // as orders-service has it
                .load()
                .migrate();
        return made;
    }

    private String url(String database) {
        return "jdbc:postgresql://" + postgres + "/" + database;
    }

    private Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(url(database), USER, USER);
    }

    /** Writes as many as it can for that long. */
    ClosedLoop.Result run(int connections, Duration length) throws Exception {
        var open = new ArrayList<Connection>();
        try {
            return ClosedLoop.run(connections, length, number -> {
                var connection = connect(DATABASE);
                open.add(connection);
                connection.setAutoCommit(false);
                return writer(connection);
            });
        } finally {
            for (var connection : open) {
                connection.close();
            }
        }
    }

    private static ClosedLoop.Caller writer(Connection connection) throws SQLException, NoSuchAlgorithmException {
        var order = connection.prepareStatement("""
                WITH head AS (
                    INSERT INTO orders (id, customer, status, version, placed_at, total, currency, payment_token,
                                        idempotency_key, request_hash)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (customer, idempotency_key) DO NOTHING RETURNING id)
                INSERT INTO order_lines (order_id, position, sku, name, quantity, unit_price)
                SELECT head.id, line.position, line.sku, line.name, line.quantity, line.unit_price
                FROM head, unnest(?::text[], ?::text[], ?::int[], ?::numeric[])
                     WITH ORDINALITY AS line (sku, name, quantity, unit_price, position)""");
        var event = connection.prepareStatement("""
                INSERT INTO outbox (order_id, topic, type, payload, traceparent, created_at)
                SELECT event.order_id, event.topic, event.type, event.payload, event.traceparent, ?
                FROM unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[])
                     WITH ORDINALITY AS event (order_id, topic, type, payload, traceparent, n)
                ORDER BY n""");
        var hash = MessageDigest.getInstance("SHA-256");
        return () -> {
            var now = OffsetDateTime.now();
            var id = timeOrdered(now);
            order.setObject(1, id);
            order.setString(2, "demo");
            order.setString(3, "PLACED");
            order.setLong(4, 1);
            order.setObject(5, now);
            order.setBigDecimal(6, new BigDecimal("33.90"));
            order.setString(7, "EUR");
            order.setString(8, "tok_ok");
            order.setString(9, UUID.randomUUID().toString());
            order.setBytes(10, hash.digest(id.toString().getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
            order.setObject(11, new String[] {"TEA-001", "MUG-001"});
            order.setObject(12, new String[] {"Assam, second flush", "Stoneware mug"});
            order.setObject(13, new Integer[] {2, 1});
            order.setObject(14, new String[] {"12.00", "9.90"});
            order.executeUpdate();
            event.setObject(1, now);
            event.setObject(2, new String[] {id.toString()});
            event.setObject(3, new String[] {"orders.placed"});
            event.setObject(4, new String[] {"dev.meridian.order.placed"});
            event.setObject(5, new String[] {EVENT});
            event.setObject(6, new String[] {null}, Types.ARRAY);
            event.executeUpdate();
            connection.commit();
        };
    }

    /** As UUID version 7: what the index sees is in order of time, as orders-service's ids are. */
    private static UUID timeOrdered(OffsetDateTime now) {
        var random = UUID.randomUUID();
        return new UUID(
                now.toInstant().toEpochMilli() << 16 | 0x7000 | random.getMostSignificantBits() & 0xfff,
                random.getLeastSignificantBits());
    }

    /** How many orders it holds. */
    long written() throws SQLException {
        try (var connection = connect(DATABASE);
                var statement = connection.createStatement();
                var count = statement.executeQuery("SELECT count(*) FROM orders")) {
            count.next();
            return count.getLong(1);
        }
    }

    @Override
    public void close() throws SQLException {
        try (var connection = connect("postgres");
                var statement = connection.createStatement()) {
            statement.execute("DROP DATABASE IF EXISTS " + DATABASE + " (FORCE)");
        }
    }
}

package dev.meridian.benchmarks.outbox;

import com.zaxxer.hikari.HikariDataSource;
import io.namastack.outbox.partition.PartitionHasher;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/** namastack-outbox, fed with the rows that its own {@code Outbox.schedule} writes. */
final class NamastackRelay implements Relay {
    private static final String DATABASE = "namastack";

    /** What our own relay sets for its transactions, for the same reasons. */
    private static final String SESSION = "-c synchronous_commit=off -c idle_in_transaction_session_timeout=15s"
            + " -c plan_cache_mode=force_custom_plan";

    private final Servers servers;
    private final Path logs;
    private final int batchSize;
    private final int concurrency;
    private final Duration interval;
    private final HikariDataSource pool = new HikariDataSource();

    NamastackRelay(Servers servers, Path logs, int batchSize, int concurrency, Duration interval) {
        this.servers = servers;
        this.logs = logs;
        this.batchSize = batchSize;
        this.concurrency = concurrency;
        this.interval = interval;
        pool.setJdbcUrl(servers.jdbcUrl(DATABASE));
        pool.setUsername("postgres");
        pool.setPassword("postgres");
        pool.setMaximumPoolSize(8);
        pool.setMinimumIdle(1);
    }

    @Override
    public String name() {
        return "namastack-outbox";
    }

    @Override
    public String settings() {
        return "1.6.0, fixed polling %d ms after each cycle, batch of %d keys, %d virtual threads, records deleted, session %s"
                .formatted(interval.toMillis(), batchSize, concurrency, SESSION);
    }

    @Override
    public String database() {
        return DATABASE;
    }

    @Override
    public void prepare() throws IOException, SQLException {
        try (var connection = servers.connect("postgres");
                var statement = connection.createStatement()) {
            statement.execute("DROP DATABASE IF EXISTS " + DATABASE + " (FORCE)");
            statement.execute("CREATE DATABASE " + DATABASE);
        }
        try (var schema = Objects.requireNonNull(
                        NamastackRelay.class.getResourceAsStream("/schema/postgres/outbox-tables.sql"));
                var connection = servers.connect(DATABASE);
                var statement = connection.createStatement()) {
            statement.execute(new String(schema.readAllBytes(), StandardCharsets.UTF_8));
            statement.execute("CREATE TABLE placed (id uuid PRIMARY KEY)");
        }
    }

    @Override
    public Process start(String name) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx192m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        NamastackInstance.class.getName(),
                        "--spring.kafka.bootstrap-servers=" + servers.bootstrapServers(),
                        "--spring.datasource.url=" + servers.jdbcUrl(DATABASE) + "&options="
                                + SESSION.replace(" ", "%20"),
                        "--spring.datasource.username=postgres",
                        "--spring.datasource.password=postgres",
                        "--spring.datasource.hikari.maximum-pool-size=" + (concurrency + 2),
                        "--namastack.outbox.polling.batch-size=" + batchSize,
                        "--namastack.outbox.polling.fixed.interval=" + interval,
                        "--namastack.outbox.processing.executor-concurrency-limit=" + concurrency)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        logs.resolve(name + ".log").toFile()))
                .start();
    }

    @Override
    public boolean ready(int instances) throws SQLException {
        try (var connection = pool.getConnection();
                var statement = connection.createStatement();
                var found = statement.executeQuery("SELECT count(DISTINCT instance_id) FROM outbox_partition")) {
            found.next();
            return found.getInt(1) == instances;
        }
    }

    @Override
    public void insert(Connection connection, List<Event> events) throws SQLException {
        insert(connection, OutboxBenchmark.TOPIC, events);
    }

    private static void insert(Connection connection, String topic, List<Event> events) throws SQLException {
        try (var insert = connection.prepareStatement("""
                INSERT INTO outbox_record (id, status, record_key, record_type, payload, created_at, failure_count,
                                           next_retry_at, partition_no, handler_id)
                VALUES (?, 'NEW', ?, 'java.lang.String', ?, ?, 0, ?, ?, ?)""")) {
            var now = Instant.now();
            for (var event : new ArrayList<>(events)) {
                now = now.plusNanos(1_000); // it orders by this time
                var key = event.key().toString();
                insert.setString(1, UUID.randomUUID().toString());
                insert.setString(2, key);
                insert.setString(3, topic + '\n' + event.json());
                insert.setTimestamp(4, Timestamp.from(now));
                insert.setTimestamp(5, Timestamp.from(now));
                insert.setInt(6, PartitionHasher.INSTANCE.getPartitionForRecordKey(key));
                insert.setString(7, NamastackInstance.ToKafka.ID);
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    @Override
    public String placedTopic() {
        return "orders.placed";
    }

    @Override
    public UUID place() throws SQLException {
        var id = UUID.randomUUID();
        try (var connection = pool.getConnection();
                var insert = connection.prepareStatement("INSERT INTO placed VALUES (?)")) {
            connection.setAutoCommit(false);
            insert.setObject(1, id);
            insert.execute();
            insert(connection, placedTopic(), List.of(new Event(id, 0)));
            connection.commit();
        }
        return id;
    }

    @Override
    public Map<UUID, Instant> committed(Connection connection) throws SQLException {
        return committed(connection, "placed");
    }

    /** By the commit timestamps that the database keeps for each transaction. */
    static Map<UUID, Instant> committed(Connection connection, String table) throws SQLException {
        try (var statement = connection.createStatement();
                var found = statement.executeQuery("SELECT id, pg_xact_commit_timestamp(xmin) FROM " + table)) {
            var committed = new HashMap<UUID, Instant>();
            while (found.next()) {
                committed.put(
                        found.getObject(1, UUID.class), found.getTimestamp(2).toInstant());
            }
            return committed;
        }
    }

    @Override
    public int pending(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var count = statement.executeQuery("SELECT count(*) FROM outbox_record")) {
            count.next();
            return count.getInt(1);
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}

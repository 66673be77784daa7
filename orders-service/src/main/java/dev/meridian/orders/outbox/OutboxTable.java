package dev.meridian.orders.outbox;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.postgresql.PGStatement;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The statements on the table {@code outbox}, each one round trip. */
@Repository
class OutboxTable {

    private static final String INSERT = """
            INSERT INTO outbox (order_id, topic, type, payload, traceparent, created_at)
            SELECT event.order_id, event.topic, event.type, event.payload, event.traceparent, ?
            FROM unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::text[])
                 WITH ORDINALITY AS event (order_id, topic, type, payload, traceparent, n)
            ORDER BY n
            RETURNING id, order_id, topic, type, payload, traceparent, created_at""";

    /**
     * A claim that is lost publishes its events again, which "at least once" allows, so that its commit need not wait
     * for the disk. A relay that hangs loses its claim after a time-out that is longer than a send may take.
     */
    private static final String CLAIM = """
            SELECT id, order_id, topic, type, payload, traceparent, created_at,
                   (SELECT set_config('synchronous_commit', 'off', true)
                        || set_config('idle_in_transaction_session_timeout', '15s', true))
            FROM outbox AS event
            WHERE id >= ?
              AND (topic <> ? OR created_at < now() - ? * interval '1 millisecond')
              AND NOT EXISTS (SELECT FROM outbox AS earlier
                              WHERE earlier.order_id = event.order_id AND earlier.id < event.id)
            ORDER BY id LIMIT ? FOR UPDATE OF event SKIP LOCKED""";

    private static final String DELETE =
            "DELETE FROM outbox USING set_config('synchronous_commit', 'off', true) WHERE id = ANY (?)";

    private final JdbcTemplate jdbc;
    private final Counter published;

    OutboxTable(JdbcTemplate jdbc, MeterRegistry metrics) {
        this.jdbc = jdbc;
        this.published = Counter.builder("meridian.outbox.published")
                .description("Events that left the outbox")
                .register(metrics);
    }

    @Transactional(propagation = Propagation.MANDATORY)
    public List<OutboxEvent> insert(Collection<Outbox.Event> events, OffsetDateTime now) {
        return jdbc.query(
                INSERT,
                (row, n) -> event(row),
                now,
                events.stream().map(event -> event.orderId().toString()).toArray(String[]::new),
                events.stream().map(Outbox.Event::topic).toArray(String[]::new),
                events.stream().map(Outbox.Event::type).toArray(String[]::new),
                events.stream().map(Outbox.Event::payload).toArray(String[]::new),
                events.stream().map(Outbox.Event::traceparent).toArray(String[]::new));
    }

    /**
     * Locks rows until the end of the transaction: of each order only the oldest, and no young placement, which leaves
     * from its writer's memory.
     *
     * @param from the lowest id that is looked at
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public List<OutboxEvent> claim(long from, int limit) {
        return jdbc.query(
                connection -> {
                    PreparedStatement claim = planned(connection, CLAIM);
                    claim.setLong(1, from);
                    claim.setString(2, OutboxEvent.PLACEMENTS);
                    claim.setLong(3, OutboxEvent.YOUNG.toMillis());
                    claim.setInt(4, limit);
                    return claim;
                },
                (row, n) -> event(row));
    }

    /** Removes what was published. Outside a transaction it commits by itself. */
    public void delete(List<OutboxEvent> events) {
        if (events.isEmpty()) {
            return;
        }
        Object[] ids = events.stream().map(OutboxEvent::id).toArray();
        jdbc.update(connection -> {
            PreparedStatement delete = planned(connection, DELETE);
            delete.setArray(1, connection.createArrayOf("bigint", ids));
            return delete;
        });
        published.increment(ids.length);
    }

    /**
     * A statement that is planned each time. The outbox is nearly always empty, and a plan that is kept from then takes
     * minutes for a backlog, or reads the whole table where dead rows pile up in it.
     */
    private static PreparedStatement planned(Connection connection, String sql) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        statement.unwrap(PGStatement.class).setPrepareThreshold(0);
        return statement;
    }

    private static OutboxEvent event(ResultSet row) throws SQLException {
        return new OutboxEvent(
                row.getLong("id"),
                row.getObject("order_id", UUID.class),
                row.getString("topic"),
                row.getString("type"),
                row.getString("payload"),
                row.getString("traceparent"),
                row.getObject("created_at", OffsetDateTime.class).toInstant());
    }
}

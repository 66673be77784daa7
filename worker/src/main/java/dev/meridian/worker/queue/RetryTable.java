package dev.meridian.worker.queue;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.stereotype.Repository;

/**
 * The events that failed and are tried again, in the database of fulfilment. The event of an order has one row for
 * each topic.
 */
@Repository
class RetryTable {

    // An event that comes again fails for the first time once more, and leaves the row as it is. An attempt that two
    // workers made, because a lease ran out, is counted once.
    private static final String KEEP = """
            INSERT INTO retry (topic, order_id, partition, record_offset, type, payload, traceparent,
                               failures, reason, next_attempt_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, now() + ? * interval '1 millisecond')
            ON CONFLICT (topic, order_id) DO UPDATE
               SET failures = excluded.failures, reason = excluded.reason, next_attempt_at = excluded.next_attempt_at
             WHERE retry.failures < excluded.failures
            """;

    // The time moves forward instead of a lock that is held: the rows of a worker that dies are due again after it.
    private static final String CLAIM = """
            WITH due AS MATERIALIZED (
                SELECT topic, order_id FROM retry
                 WHERE next_attempt_at <= now()
                 ORDER BY next_attempt_at
                 LIMIT ?
                   FOR UPDATE SKIP LOCKED
            )
            UPDATE retry SET next_attempt_at = now() + ? * interval '1 millisecond'
              FROM due
             WHERE retry.topic = due.topic AND retry.order_id = due.order_id
            RETURNING retry.*
            """;

    private final JdbcTemplate jdbc;
    private final QueueSettings settings;

    RetryTable(JdbcTemplate jdbc, QueueSettings settings) {
        this.jdbc = jdbc;
        this.settings = settings;
    }

    /** Keeps events that failed, until their next attempt and for all later ones. */
    void keep(Collection<Failure> failures) {
        jdbc.batchUpdate(KEEP, failures.stream().map(this::row).toList());
    }

    private Object[] row(Failure failure) {
        QueuedRecord record = failure.record();
        return new Object[] {
            record.topic(),
            failure.orderId(),
            record.partition(),
            record.offset(),
            record.type(),
            record.value(),
            record.traceparent(),
            failure.count(),
            failure.reason(),
            settings.delayAfter(failure.count()).toMillis()
        };
    }

    /** Events that are due, which no other worker gets before the lease is over. Their keys are their orders' ids. */
    List<QueuedRecord> claim(int limit, Duration lease) {
        return jdbc.query(CLAIM, RetryTable::record, limit, lease.toMillis());
    }

    /** Forgets events that were claimed. */
    void remove(Collection<QueuedRecord> records) {
        jdbc.batchUpdate(
                "DELETE FROM retry WHERE topic = ? AND order_id = ?::uuid",
                records.stream().map(it -> new Object[] {it.topic(), it.key()}).toList());
    }

    /** How many events wait for their next attempt. */
    long waiting() {
        return Objects.requireNonNull(jdbc.queryForObject("SELECT count(*) FROM retry", Long.class));
    }

    /** Whether the database answers, and lets this worker write. */
    boolean isWritable() {
        try {
            jdbc.update("DELETE FROM retry WHERE false");
            return true;
        } catch (DataAccessException e) {
            return false;
        }
    }

    private static QueuedRecord record(ResultSet row, int index) throws SQLException {
        return new QueuedRecord(
                row.getString("topic"),
                row.getInt("partition"),
                row.getLong("record_offset"),
                row.getObject("order_id", UUID.class).toString(),
                row.getString("type"),
                row.getBytes("payload"),
                row.getString("traceparent"),
                row.getInt("failures"));
    }
}

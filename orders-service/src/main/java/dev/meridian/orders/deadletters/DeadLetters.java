package dev.meridian.orders.deadletters;

import dev.meridian.orders.order.OrderEvents;
import dev.meridian.orders.outbox.Outbox;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Transactional;

/** The dead letters in the database. All is read from the primary: an operator sees what was just done. */
@Repository
public class DeadLetters {

    /** Of a record's value, as much is kept. */
    public static final int SHOWN = 16 * 1024;

    private static final String COLUMNS = """
            id, origin_topic, origin_partition, origin_offset, order_id, type, coalesce(failures, deliveries) AS failures,
            reason, died_at, redriven_at, redriven_by, substring(payload FROM 1 FOR %d) AS content,
            octet_length(payload) AS size""".formatted(SHOWN);

    private final JdbcClient jdbc;
    private final Outbox outbox;
    private final OrderEvents orders;
    private final Clock clock;
    private final MeterRegistry metrics;

    DeadLetters(JdbcClient jdbc, Outbox outbox, OrderEvents orders, Clock clock, MeterRegistry metrics) {
        this.jdbc = jdbc;
        this.outbox = outbox;
        this.orders = orders;
        this.clock = clock;
        this.metrics = metrics;
    }

    /** A dead letter and the record that told of it, by whose place one that is read twice is known. */
    record Received(ConsumerRecord<String, byte[]> record, FulfilmentDeadLetter letter) {}

    /** Stores records that this service cannot apply, for operators to see. One that is stored already stays as it is. */
    @Transactional
    public void setAside(Collection<UnreadableRecord> records) {
        for (UnreadableRecord unreadable : records) {
            ConsumerRecord<String, byte[]> record = unreadable.record();
            if (stored(new Received(record, FulfilmentDeadLetter.of(unreadable)))) {
                metrics.counter("meridian.records.set.aside", "topic", record.topic())
                        .increment();
            }
        }
    }

    /** Stores those that are not stored yet. */
    @Transactional
    void add(Collection<Received> letters) {
        letters.forEach(this::stored);
    }

    private boolean stored(Received received) {
        FulfilmentDeadLetter letter = received.letter;
        return jdbc.sql("""
                INSERT INTO dead_letters (topic, partition, position, origin_topic, origin_partition, origin_offset,
                                          order_id, type, payload, failures, reason, died_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (topic, partition, position) DO NOTHING""")
                        .param(received.record.topic())
                        .param(received.record.partition())
                        .param(received.record.offset())
                        .param(letter.topic())
                        .param(letter.partition())
                        .param(letter.offset())
                        .param(letter.orderId())
                        .param(letter.type())
                        .param(letter.content())
                        .param(letter.failures())
                        .param(letter.reason())
                        .param(letter.failedAt())
                        .update()
                > 0;
    }

    /**
     * Dead letters, newest first.
     *
     * @param before only those that were stored before this one; null for the newest
     * @param open only those that are (true) or are not (false) open; null for all
     * @param limit at most so many
     */
    @Transactional
    public List<DeadLetter> page(@Nullable Long before, @Nullable Boolean open, int limit) {
        return jdbc.sql("SELECT " + COLUMNS + """
                         FROM dead_letters
                        WHERE (:before::bigint IS NULL OR id < :before::bigint)
                          AND (:open::boolean IS NULL OR (redriven_at IS NULL) = :open::boolean)
                        ORDER BY id DESC LIMIT :limit""")
                .param("before", before)
                .param("open", open)
                .param("limit", limit)
                .query((row, n) -> letter(row))
                .list();
    }

    @Transactional
    public Optional<DeadLetter> find(long id) {
        return jdbc.sql("SELECT " + COLUMNS + " FROM dead_letters WHERE id = ?")
                .param(id)
                .query((row, n) -> letter(row))
                .optional();
    }

    /** How many wait for an operator to send them again. */
    @Transactional
    public long open() {
        return jdbc.sql("""
                SELECT count(*) FROM dead_letters
                WHERE redriven_at IS NULL AND order_id IS NOT NULL AND origin_topic IN (:topics)""")
                .param("topics", OrderEvents.QUEUE)
                .query(Long.class)
                .single();
    }

    /**
     * Has the order's event published again, as its row tells it now, and marks the dead letter, both or neither. Of
     * several redrives at the same time one succeeds. The state of the order does not matter: the worker finds what it
     * decided before and tells it again, and what it finds cancelled it undoes.
     *
     * @param operator the subject who asks for it
     */
    @Transactional
    public Redrive redrive(long id, String operator) {
        record Letter(@Nullable UUID orderId, String topic) {}
        Optional<Letter> letter = jdbc.sql("SELECT order_id, origin_topic FROM dead_letters WHERE id = ?")
                .param(id)
                .query((row, n) -> new Letter(row.getObject("order_id", UUID.class), row.getString("origin_topic")))
                .optional();
        if (letter.isEmpty()) {
            return new Redrive.Unknown();
        }
        String topic = letter.get().topic;
        UUID orderId = letter.get().orderId;
        if (!OrderEvents.QUEUE.contains(topic)) {
            return new Redrive.NotRedrivable("It came from no topic that is sent to again.");
        }
        if (orderId == null) {
            return new Redrive.NotRedrivable("It belongs to no order.");
        }
        Optional<Outbox.Event> event = orders.again(topic, orderId);
        if (event.isEmpty()) {
            return new Redrive.NotRedrivable("There is no such order, or it was not cancelled.");
        }
        int marked = jdbc.sql("""
                UPDATE dead_letters SET redriven_at = ?, redriven_by = ? WHERE id = ? AND redriven_at IS NULL""")
                .params(OffsetDateTime.now(clock.withZone(ZoneOffset.UTC)), operator, id)
                .update();
        if (marked == 0) {
            return new Redrive.AlreadyRedriven();
        }
        outbox.append(List.of(event.get()));
        return new Redrive.Redriven(find(id).orElseThrow());
    }

    private static DeadLetter letter(ResultSet row) throws SQLException {
        String topic = row.getString("origin_topic");
        OffsetDateTime redrivenAt = row.getObject("redriven_at", OffsetDateTime.class);
        byte[] content = row.getBytes("content");
        return new DeadLetter(
                row.getLong("id"),
                row.getObject("order_id", UUID.class),
                topic.isEmpty()
                        ? null
                        : new DeadLetter.Origin(topic, row.getInt("origin_partition"), row.getLong("origin_offset")),
                row.getString("type"),
                row.getObject("failures", Integer.class),
                row.getString("reason"),
                row.getObject("died_at", OffsetDateTime.class).toInstant(),
                redrivenAt == null ? null : redrivenAt.toInstant(),
                row.getString("redriven_by"),
                content == null ? new byte[0] : content,
                content == null ? -1 : row.getInt("size"));
    }
}

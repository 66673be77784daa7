package dev.meridian.orders.deadletters;

import dev.meridian.orders.deadletters.IncomingEvents.Received;
import dev.meridian.orders.order.OrderService;
import dev.meridian.orders.outbox.Outbox;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The dead letters in the database. All is read from the primary: an operator sees what was just done. */
@Repository
public class DeadLetters {

    /** Of a record's value, as much is kept. */
    public static final int SHOWN = 16 * 1024;

    private static final String COLUMNS = """
            id, nullif(origin_topic, '') AS origin_topic, origin_partition, origin_offset, order_id, type,
            coalesce(failures, deliveries) AS failures, reason, died_at, redriven_at, redriven_by, substring(payload FROM 1 FOR %d) AS content,
            octet_length(payload) AS size""".formatted(SHOWN);

    private final JdbcClient jdbc;
    private final Outbox outbox;
    private final OrderService orders;
    private final JsonMapper json;
    private final Clock clock;
    private final MeterRegistry metrics;
    private volatile double open = Double.NaN;

    DeadLetters(
            JdbcClient jdbc, Outbox outbox, OrderService orders, JsonMapper json, Clock clock, MeterRegistry metrics) {
        this.jdbc = jdbc;
        this.outbox = outbox;
        this.orders = orders;
        this.json = json;
        this.clock = clock;
        this.metrics = metrics;
        Gauge.builder("meridian.dead.letters.open", this, counted -> counted.open)
                .description("Dead letters that can be sent again and were not; NaN while the database does not answer")
                .register(metrics);
    }

    /**
     * Stores a record that this service cannot apply, for operators to see. One that is stored already stays as it is.
     *
     * @param reason in a line, for operators
     */
    public void setAside(ConsumerRecord<String, byte[]> record, String reason) {
        if (store(record, FulfilmentDeadLetter.of(record, reason))) {
            metrics.counter("meridian.records.set.aside", "topic", record.topic())
                    .increment();
        }
    }

    /** Stores those that are not stored yet. */
    @Transactional
    void add(List<Received<FulfilmentDeadLetter>> letters) {
        letters.forEach(letter -> store(letter.record(), letter.event()));
    }

    /** By the place of the record that told of it, a letter that is read twice is known. */
    private boolean store(ConsumerRecord<String, byte[]> record, FulfilmentDeadLetter letter) {
        return jdbc.sql("""
                INSERT INTO dead_letters (topic, partition, position, origin_topic, origin_partition, origin_offset,
                                          order_id, type, payload, failures, reason, died_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (topic, partition, position) DO NOTHING""")
                        .param(record.topic())
                        .param(record.partition())
                        .param(record.offset())
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
    public List<DeadLetter> page(@Nullable Long before, @Nullable Boolean open, int limit) {
        return jdbc.sql("SELECT " + COLUMNS + """
                         FROM dead_letters
                        WHERE (:before::bigint IS NULL OR id < :before::bigint)
                          AND (:open::boolean IS NULL OR (redriven_at IS NULL) = :open::boolean)
                        ORDER BY id DESC LIMIT :limit""")
                .param("before", before)
                .param("open", open)
                .param("limit", limit)
                .query(this::letter)
                .list();
    }

    public Optional<DeadLetter> find(long id) {
        return jdbc.sql("SELECT " + COLUMNS + " FROM dead_letters WHERE id = ?")
                .param(id)
                .query(this::letter)
                .optional();
    }

    @Scheduled(fixedDelayString = "${meridian.dead-letters.count}")
    void count() {
        try {
            open = jdbc.sql("""
                    SELECT count(*) FROM dead_letters
                    WHERE redriven_at IS NULL AND order_id IS NOT NULL AND origin_topic IN (:topics)""")
                    .param("topics", OrderService.QUEUE)
                    .query(Long.class)
                    .single();
        } catch (DataAccessException e) {
            open = Double.NaN;
        }
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
        Optional<DeadLetter> letter = find(id);
        if (letter.isEmpty()) {
            return new Redrive.Unknown();
        }
        String topic = letter.get().topic();
        UUID orderId = letter.get().orderId();
        if (orderId == null || topic == null || !OrderService.QUEUE.contains(topic)) {
            return new Redrive.NotRedrivable("It belongs to no order, or came from no topic that is sent to again.");
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

    private DeadLetter letter(ResultSet row, int number) throws SQLException {
        OffsetDateTime redrivenAt = row.getObject("redriven_at", OffsetDateTime.class);
        byte[] content = row.getBytes("content");
        Integer size = row.getObject("size", Integer.class);
        JsonNode payload = size == null || size > SHOWN ? null : parsed(content);
        return new DeadLetter(
                row.getLong("id"),
                row.getObject("order_id", UUID.class),
                row.getString("origin_topic"),
                row.getObject("origin_partition", Integer.class),
                row.getObject("origin_offset", Long.class),
                row.getString("type"),
                row.getObject("failures", Integer.class),
                row.getString("reason"),
                row.getObject("died_at", OffsetDateTime.class).toInstant(),
                redrivenAt == null ? null : redrivenAt.toInstant(),
                row.getString("redriven_by"),
                payload,
                size == null || payload != null ? null : Base64.getEncoder().encodeToString(content),
                size);
    }

    private @Nullable JsonNode parsed(byte[] content) {
        try {
            JsonNode node = json.readTree(content);
            return node.isObject() || node.isArray() ? node : null;
        } catch (JacksonException e) {
            return null;
        }
    }
}

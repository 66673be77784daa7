package dev.meridian.orders.deadletters;

import dev.meridian.orders.outbox.Outbox;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** The dead letters in the database. All is read from the primary: an operator sees what was just done. */
@Repository
public class DeadLetters {

    /** Of a record's value, as much is shown. */
    public static final int SHOWN = 16 * 1024;

    /** The topics that may be sent to again, each with the one type of event that it carries. */
    static final Map<String, String> TYPES = Map.of(
            "orders.placed", "dev.meridian.order.placed",
            "orders.cancelled", "dev.meridian.order.cancelled");

    private static final String COLUMNS = """
            id, origin_topic, origin_partition, origin_offset, order_id, type, deliveries, reason, died_at,
            redriven_at, redriven_by, substring(payload FROM 1 FOR %d) AS content, octet_length(payload) AS size""".formatted(SHOWN);

    private final JdbcClient jdbc;
    private final Outbox outbox;
    private final JsonMapper json;
    private final Clock clock;

    DeadLetters(JdbcClient jdbc, Outbox outbox, JsonMapper json, Clock clock) {
        this.jdbc = jdbc;
        this.outbox = outbox;
        this.json = json;
        this.clock = clock;
    }

    /**
     * A record of the dead letter topic.
     *
     * @param headers those that the original record had, as far as it could still be read
     */
    record Buried(
            DeadLetter.Origin place,
            DeadLetter.@Nullable Origin origin,
            @Nullable UUID orderId,
            byte @Nullable [] payload,
            Map<String, String> headers,
            @Nullable Integer deliveries,
            @Nullable String reason,
            Instant diedAt) {}

    /** Stores those that are not stored yet. */
    @Transactional
    void add(Collection<Buried> letters) {
        for (Buried letter : letters) {
            DeadLetter.Origin origin = letter.origin;
            jdbc.sql("""
                    INSERT INTO dead_letters (topic, partition, position, origin_topic, origin_partition, origin_offset,
                                              order_id, type, payload, headers, deliveries, reason, died_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?)
                    ON CONFLICT (topic, partition, position) DO NOTHING""")
                    .param(letter.place.topic())
                    .param(letter.place.partition())
                    .param(letter.place.offset())
                    .param(origin == null ? "" : origin.topic())
                    .param(origin == null ? null : origin.partition())
                    .param(origin == null ? null : origin.offset())
                    .param(letter.orderId)
                    .param(letter.headers.get("ce_type"))
                    .param(letter.payload)
                    .param(json.writeValueAsString(letter.headers))
                    .param(letter.deliveries)
                    .param(letter.reason)
                    .param(letter.diedAt.atOffset(ZoneOffset.UTC))
                    .update();
        }
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

    /** How many nobody has seen to. */
    @Transactional
    public long open() {
        return jdbc.sql("SELECT count(*) FROM dead_letters WHERE redriven_at IS NULL")
                .query(Long.class)
                .single();
    }

    private record Event(
            @Nullable UUID orderId,
            String topic,
            @Nullable String type,
            @Nullable String trace,
            byte @Nullable [] payload) {}

    /**
     * Sends a dead letter to its topic again and marks it as sent, both or neither. Of several who wish it at the same
     * time one succeeds.
     *
     * @param operator who wishes it
     */
    @Transactional
    public Redrive redrive(long id, String operator) {
        Optional<Event> found = jdbc.sql("""
                SELECT order_id, origin_topic, type, headers ->> 'traceparent' AS trace, payload
                FROM dead_letters WHERE id = ?""")
                .param(id)
                .query((row, n) -> new Event(
                        row.getObject("order_id", UUID.class),
                        row.getString("origin_topic"),
                        row.getString("type"),
                        row.getString("trace"),
                        row.getBytes("payload")))
                .optional();
        if (found.isEmpty()) {
            return new Redrive.Unknown();
        }
        Event event = found.get();
        String type = TYPES.get(event.topic);
        if (type == null) {
            return new Redrive.NotRedrivable("It came from no topic that can be sent to again.");
        }
        if (event.type != null && !event.type.equals(type)) {
            return new Redrive.NotRedrivable("Its type is none that its topic carries.");
        }
        if (event.orderId == null) {
            return new Redrive.NotRedrivable("It belongs to no order.");
        }
        if (event.payload == null || !isObject(event.payload)) {
            return new Redrive.NotRedrivable("Its content is no event in JSON.");
        }
        int marked = jdbc.sql("""
                UPDATE dead_letters SET redriven_at = ?, redriven_by = ? WHERE id = ? AND redriven_at IS NULL""")
                .params(OffsetDateTime.now(clock.withZone(ZoneOffset.UTC)), operator, id)
                .update();
        if (marked == 0) {
            return new Redrive.AlreadyRedriven();
        }
        outbox.append(new Outbox.Event(
                event.orderId, event.topic, type, new String(event.payload, StandardCharsets.UTF_8), event.trace));
        return new Redrive.Redriven(find(id).orElseThrow());
    }

    private boolean isObject(byte[] payload) {
        try {
            return json.readTree(payload).isObject();
        } catch (JacksonException e) {
            return false;
        }
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
                row.getObject("deliveries", Integer.class),
                row.getString("reason"),
                row.getObject("died_at", OffsetDateTime.class).toInstant(),
                redrivenAt == null ? null : redrivenAt.toInstant(),
                row.getString("redriven_by"),
                content == null ? new byte[0] : content,
                content == null ? -1 : row.getInt("size"));
    }
}

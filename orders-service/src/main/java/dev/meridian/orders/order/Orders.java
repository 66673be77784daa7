package dev.meridian.orders.order;

import static java.util.Objects.requireNonNull;

import dev.meridian.orders.Money;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The orders in the database. Every change of a state is one conditional statement: the first writer wins. */
@Repository
public class Orders {

    private static final String COLUMNS = "id, customer, status, version, placed_at, total, currency, reason";

    private final JdbcClient jdbc;

    Orders(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    @Transactional(propagation = Propagation.MANDATORY)
    void insert(Order order, String paymentToken) {
        List<Order.Line> lines = order.lines();
        jdbc.sql("""
                WITH head AS (
                    INSERT INTO orders (id, customer, status, version, placed_at, total, currency, payment_token)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id)
                INSERT INTO order_lines (order_id, position, sku, name, quantity, unit_price)
                SELECT head.id, line.position, line.sku, line.name, line.quantity, line.unit_price
                FROM head, unnest(?::text[], ?::text[], ?::int[], ?::numeric[])
                     WITH ORDINALITY AS line (sku, name, quantity, unit_price, position)""")
                .params(
                        order.id(),
                        order.customer(),
                        order.status().name(),
                        order.version(),
                        order.placedAt().atOffset(ZoneOffset.UTC),
                        order.total().amount(),
                        order.total().currency(),
                        paymentToken,
                        lines.stream().map(Order.Line::sku).toArray(String[]::new),
                        lines.stream().map(Order.Line::name).toArray(String[]::new),
                        lines.stream().map(Order.Line::quantity).toArray(Integer[]::new),
                        lines.stream()
                                .map(line -> line.unitPrice().amount().toPlainString())
                                .toArray(String[]::new))
                .update();
    }

    @Transactional(readOnly = true)
    public Optional<Order> find(UUID id) {
        return withLines(jdbc.sql("SELECT " + COLUMNS + " FROM orders WHERE id = ?")
                        .param(id)
                        .query((row, n) -> Head.of(row))
                        .list())
                .stream()
                .findFirst();
    }

    /**
     * A customer's orders, newest first.
     *
     * @param before only orders placed before this one; null for the newest
     * @param limit at most so many
     */
    @Transactional(readOnly = true)
    public List<Order> page(String customer, @Nullable UUID before, int limit) {
        return withLines(jdbc.sql("SELECT " + COLUMNS
                        + " FROM orders WHERE customer = :customer AND (:before::uuid IS NULL OR id < :before::uuid)"
                        + " ORDER BY id DESC LIMIT :limit")
                .param("customer", customer)
                .param("before", before)
                .param("limit", limit)
                .query((row, n) -> Head.of(row))
                .list());
    }

    /**
     * Cancels a customer's order that is still placed.
     *
     * @param versions only at one of these versions; null for any
     * @return the order at its new version; nothing where it stays as it is
     */
    @Transactional(propagation = Propagation.MANDATORY)
    Optional<Order> cancel(UUID id, String customer, @Nullable List<Long> versions) {
        return withLines(jdbc.sql("UPDATE orders SET status = 'CANCELLED', version = version + 1"
                                + " WHERE id = :id AND customer = :customer AND status = 'PLACED'"
                                + " AND (:versions::bigint[] IS NULL OR version = ANY (:versions::bigint[])) RETURNING "
                                + COLUMNS)
                        .param("id", id)
                        .param("customer", customer)
                        .param("versions", versions == null ? null : versions.toArray(Long[]::new))
                        .query((row, n) -> Head.of(row))
                        .list())
                .stream()
                .findFirst();
    }

    /**
     * A customer's order as it is answered to a request that changes something. The row is locked, which writes: an
     * answer that tells of somebody else's commit is held to the same rules of commit.
     */
    @Transactional(propagation = Propagation.MANDATORY)
    Optional<Order> findForAnswer(UUID id, String customer) {
        return withLines(jdbc.sql("SELECT " + COLUMNS + " FROM orders WHERE id = ? AND customer = ? FOR UPDATE")
                        .params(id, customer)
                        .query((row, n) -> Head.of(row))
                        .list())
                .stream()
                .findFirst();
    }

    /**
     * An order that was not settled in good time.
     *
     * @param stuck whether nothing is known that it waits for: its event has left the outbox, and the queue has not given
     *     it up, or somebody has sent it again since
     */
    record Unsettled(Order order, String paymentToken, boolean stuck) {}

    /** Whether there are orders for {@link #attend}. */
    boolean anyUnattended(Instant since) {
        return jdbc.sql("""
                SELECT EXISTS (SELECT FROM orders WHERE status = 'PLACED' AND coalesce(attended_at, placed_at) <= ?)""")
                .param(since.atOffset(ZoneOffset.UTC))
                .query(Boolean.class)
                .single();
    }

    /** The token that the order is to be paid by. */
    Optional<String> paymentToken(UUID id) {
        return jdbc.sql("SELECT payment_token FROM orders WHERE id = ?")
                .param(id)
                .query(String.class)
                .optional();
    }

    /**
     * Takes orders that are still placed and that nobody has seen to since a moment, those that waited longest first,
     * and notes that they are seen to now. Orders that another transaction holds are passed over.
     *
     * @param since the moment; an order that was never seen to counts from its placing
     * @param limit at most so many
     */
    @Transactional(propagation = Propagation.MANDATORY)
    List<Unsettled> attend(Instant since, Instant now, int limit) {
        record Attended(Head head, String paymentToken, boolean stuck) {}
        List<Attended> attended = jdbc.sql("""
                WITH waiting AS (
                    SELECT id AS waiting_id FROM orders
                    WHERE status = 'PLACED' AND coalesce(attended_at, placed_at) <= ?
                    ORDER BY coalesce(attended_at, placed_at) LIMIT ? FOR UPDATE SKIP LOCKED)
                UPDATE orders SET attended_at = ? FROM waiting WHERE id = waiting_id
                RETURNING id, customer, status, version, placed_at, total, currency, reason, payment_token,
                          NOT EXISTS (SELECT FROM outbox WHERE order_id = orders.id)
                          AND NOT EXISTS (SELECT FROM dead_letters
                                          WHERE order_id = orders.id AND redriven_at IS NULL
                                            AND origin_topic = 'orders.placed') AS stuck""")
                .params(since.atOffset(ZoneOffset.UTC), limit, now.atOffset(ZoneOffset.UTC))
                .query((row, n) -> new Attended(Head.of(row), row.getString("payment_token"), row.getBoolean("stuck")))
                .list();
        List<Order> whole = withLines(attended.stream().map(Attended::head).toList());
        return IntStream.range(0, whole.size())
                .mapToObj(i -> new Unsettled(whole.get(i), attended.get(i).paymentToken, attended.get(i).stuck))
                .toList();
    }

    /** When the order that has been waiting longest was placed; nothing where none waits. Asks the primary. */
    Optional<Instant> oldestPlaced() {
        return jdbc.sql("SELECT placed_at FROM orders WHERE status = 'PLACED' ORDER BY placed_at LIMIT 1")
                .query(OffsetDateTime.class)
                .optional()
                .map(OffsetDateTime::toInstant);
    }

    /**
     * Those of the orders that have left {@link Order.Status#PLACED}, as the primary knows them.
     *
     * @param limit at most so many
     */
    @Transactional
    public List<Order> settledAmong(Collection<UUID> ids, int limit) {
        return withLines(
                jdbc.sql("SELECT " + COLUMNS + " FROM orders WHERE id = ANY (?::uuid[]) AND status <> 'PLACED' LIMIT ?")
                        .param(ids.stream().map(UUID::toString).toArray(String[]::new))
                        .param(limit)
                        .query((row, n) -> Head.of(row))
                        .list());
    }

    private List<Order> withLines(List<Head> heads) {
        if (heads.isEmpty()) {
            return List.of();
        }
        Map<UUID, List<Order.Line>> lines = new HashMap<>();
        Map<UUID, Head> byId = new HashMap<>();
        heads.forEach(head -> byId.put(head.id, head));
        jdbc.sql("""
                SELECT order_id, sku, name, quantity, unit_price FROM order_lines
                WHERE order_id = ANY (?::uuid[]) ORDER BY order_id, position""")
                .param(heads.stream().map(head -> head.id.toString()).toArray(String[]::new))
                .query(row -> {
                    UUID id = row.getObject("order_id", UUID.class);
                    String currency = requireNonNull(byId.get(id)).total.currency();
                    lines.computeIfAbsent(id, any -> new ArrayList<>())
                            .add(new Order.Line(
                                    row.getString("sku"),
                                    row.getString("name"),
                                    row.getInt("quantity"),
                                    new Money(row.getBigDecimal("unit_price"), currency)));
                });
        return heads.stream()
                .map(head -> head.with(lines.getOrDefault(head.id, List.of())))
                .toList();
    }

    /** A row of {@code orders}, without its lines. */
    private record Head(
            UUID id,
            String customer,
            Order.Status status,
            long version,
            Instant placedAt,
            Money total,
            Order.@Nullable Reason reason) {

        static Head of(ResultSet row) throws SQLException {
            BigDecimal total = row.getBigDecimal("total");
            String reason = row.getString("reason");
            return new Head(
                    row.getObject("id", UUID.class),
                    row.getString("customer"),
                    Order.Status.valueOf(row.getString("status")),
                    row.getLong("version"),
                    row.getObject("placed_at", OffsetDateTime.class).toInstant(),
                    new Money(total, row.getString("currency")),
                    reason == null ? null : Order.Reason.valueOf(reason));
        }

        Order with(List<Order.Line> lines) {
            return new Order(id, customer, status, version, placedAt, lines, total, reason);
        }
    }
}

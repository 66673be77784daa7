package dev.meridian.orders.order;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The orders in the database. Every change of a state is one conditional statement: the first writer wins. */
@Repository
public class Orders {

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

    /**
     * Cancels a customer's order that is still placed.
     *
     * @param versions only at one of these versions; null for any
     * @return the order at its new version; nothing where it stays as it is
     */
    @Transactional(propagation = Propagation.MANDATORY)
    Optional<Order> cancel(UUID id, String customer, @Nullable List<Long> versions) {
        return jdbc.sql("UPDATE orders SET status = 'CANCELLED', version = version + 1"
                        + " WHERE id = :id AND customer = :customer AND status = 'PLACED'"
                        + " AND (:versions::bigint[] IS NULL OR version = ANY (:versions::bigint[])) RETURNING "
                        + OrderRow.COLUMNS)
                .param("id", id)
                .param("customer", customer)
                .param("versions", versions == null ? null : versions.toArray(Long[]::new))
                .query(OrderRow::read)
                .optional();
    }

    /**
     * A customer's order as it is answered to a request that changes something. The row is locked, which writes: an
     * answer that tells of somebody else's commit is held to the same rules of commit.
     */
    @Transactional(propagation = Propagation.MANDATORY)
    Optional<Order> findForAnswer(UUID id, String customer) {
        return jdbc.sql("SELECT " + OrderRow.COLUMNS
                        + " FROM orders WHERE id = ? AND customer = ? FOR UPDATE OF orders")
                .params(id, customer)
                .query(OrderRow::read)
                .optional();
    }

    /**
     * An order that was not settled in good time.
     *
     * @param stuck whether nothing is known that it waits for: its event has left the outbox, and the queue has not given
     *     it up, or somebody has sent it again since
     */
    record Unsettled(Order order, String paymentToken, boolean stuck) {}

    /**
     * Takes orders that are still placed and that nobody has seen to since a moment, those that waited longest first,
     * and notes that they are seen to now. Orders that another transaction holds are passed over.
     *
     * @param since the moment; an order that was never seen to counts from its placing
     * @param limit at most so many
     */
    @Transactional(propagation = Propagation.MANDATORY)
    List<Unsettled> attend(Instant since, Instant now, int limit) {
        return jdbc.sql("""
                WITH waiting AS (
                    SELECT id AS waiting_id FROM orders
                    WHERE status = 'PLACED' AND coalesce(attended_at, placed_at) <= ?
                    ORDER BY coalesce(attended_at, placed_at) LIMIT ? FOR UPDATE SKIP LOCKED)
                UPDATE orders SET attended_at = ? FROM waiting WHERE id = waiting_id
                RETURNING payment_token,
                          NOT EXISTS (SELECT FROM outbox WHERE order_id = orders.id)
                          AND NOT EXISTS (SELECT FROM dead_letters
                                          WHERE order_id = orders.id AND redriven_at IS NULL) AS stuck,
                """ + OrderRow.COLUMNS)
                .params(since.atOffset(ZoneOffset.UTC), limit, now.atOffset(ZoneOffset.UTC))
                .query((row, n) ->
                        new Unsettled(OrderRow.read(row, n), row.getString("payment_token"), row.getBoolean("stuck")))
                .list();
    }

    /** When the order that has been waiting longest was placed; nothing where none waits. Asks the primary. */
    Optional<Instant> oldestPlaced() {
        return jdbc.sql("SELECT placed_at FROM orders WHERE status = 'PLACED' ORDER BY placed_at LIMIT 1")
                .query(OffsetDateTime.class)
                .optional()
                .map(OffsetDateTime::toInstant);
    }

    /** An order's way out of {@link Order.Status#PLACED}, as fulfilment decided it. */
    public record Settlement(UUID orderId, Order.Status status, Order.@Nullable Reason reason) {}

    /**
     * Settles those of the orders that are still placed; the others stay as they are, so that an outcome which comes
     * twice, or after a cancellation, changes nothing.
     *
     * @return the orders that changed, at their new versions
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public List<Order> settle(Collection<Settlement> settlements) {
        return jdbc.sql("""
                UPDATE orders SET status = settled.status, reason = settled.reason, version = version + 1
                FROM unnest(?::uuid[], ?::text[], ?::text[]) AS settled (order_id, status, reason)
                WHERE orders.id = settled.order_id AND orders.status = 'PLACED'
                RETURNING\s""" + OrderRow.COLUMNS)
                .param(settlements.stream().map(s -> s.orderId().toString()).toArray(String[]::new))
                .param(settlements.stream().map(s -> s.status().name()).toArray(String[]::new))
                .param(settlements.stream()
                        .map(Settlement::reason)
                        .map(reason -> reason == null ? null : reason.name())
                        .toArray(String[]::new))
                .query(OrderRow::read)
                .list();
    }

    /**
     * Those of the orders that have left {@link Order.Status#PLACED}, as the primary knows them.
     *
     * @param limit at most so many
     */
    @Transactional
    public List<Order> settledAmong(Collection<UUID> ids, int limit) {
        return jdbc.sql("SELECT " + OrderRow.COLUMNS
                        + " FROM orders WHERE id = ANY (?::uuid[]) AND status <> 'PLACED' LIMIT ?")
                .param(ids.stream().map(UUID::toString).toArray(String[]::new))
                .param(limit)
                .query(OrderRow::read)
                .list();
    }
}

package dev.meridian.orders.order;

import dev.meridian.orders.outbox.OutboxEvent;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The orders in the database. Every change of a state is one conditional statement: the first writer wins. */
@Repository
public class Orders {

    private static final Comparator<NewOrder> BY_KEY = Comparator.comparing(
                    (NewOrder placement) -> placement.order().customer())
            .thenComparing(NewOrder::key);

    /**
     * For orders that are looked up by their ids. {@code status = 'PLACED'} would be looked up in the index of the open
     * orders where few are open. It would be read as a whole, with the settled orders that leave it at the next vacuum.
     */
    private static final String IS_OPEN = "status NOT IN ('CONFIRMED', 'REJECTED', 'CANCELLED')";

    private final JdbcClient jdbc;

    Orders(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /**
     * Writes orders with their lines and events in one statement, which commits by itself where no transaction is active.
     * An order whose customer has used its key before, in this call too, is passed over. Waits for others that write one
     * of the keys; all instances take the keys in the same order, so no two wait for each other.
     *
     * @return the events of the orders that were written
     */
    List<OutboxEvent> insert(Collection<NewOrder> orders) {
        List<NewOrder> batch = orders.stream().sorted(BY_KEY).toList();
        List<String> lineOrders = new ArrayList<>();
        List<Integer> positions = new ArrayList<>();
        List<Order.Line> lines = new ArrayList<>();
        for (NewOrder placement : batch) {
            Order order = placement.order();
            for (int i = 0; i < order.lines().size(); i++) {
                lineOrders.add(order.id().toString());
                positions.add(i + 1);
                lines.add(order.lines().get(i));
            }
        }
        return jdbc.sql("""
                WITH request AS (
                    SELECT * FROM unnest(?::uuid[], ?::text[], ?::text[], ?::bytea[], ?::timestamptz[], ?::numeric[],
                                         ?::text[], ?::text[], ?::text[], ?::text[])
                                  WITH ORDINALITY AS r (id, customer, key, hash, placed_at, total, currency,
                                                        payment_token, event, traceparent, n)),
                placed AS (
                    INSERT INTO orders (id, customer, status, version, placed_at, total, currency, payment_token,
                                        idempotency_key, request_hash)
                    SELECT id, customer, 'PLACED', 1, placed_at, total, currency, payment_token, key, hash
                    FROM request ORDER BY n
                    ON CONFLICT (customer, idempotency_key) DO NOTHING
                    RETURNING id),
                line AS (
                    INSERT INTO order_lines (order_id, position, sku, name, quantity, unit_price)
                    SELECT line.* FROM unnest(?::uuid[], ?::int[], ?::text[], ?::text[], ?::int[], ?::numeric[])
                                       AS line (order_id, position, sku, name, quantity, unit_price)
                                  JOIN placed ON placed.id = line.order_id)
                INSERT INTO outbox (order_id, topic, type, payload, traceparent, created_at)
                SELECT id, ?, ?, event, traceparent, placed_at FROM request JOIN placed USING (id)
                RETURNING
                """ + OutboxEvent.COLUMNS)
                .params(
                        texts(batch, placement -> placement.order().id().toString()),
                        texts(batch, placement -> placement.order().customer()),
                        texts(batch, NewOrder::key),
                        batch.stream().map(NewOrder::requestHash).toArray(byte[][]::new),
                        texts(batch, placement -> placement.order().placedAt().toString()),
                        texts(
                                batch,
                                placement -> placement.order().total().amount().toPlainString()),
                        texts(batch, placement -> placement.order().total().currency()),
                        texts(batch, NewOrder::paymentToken),
                        texts(batch, NewOrder::event),
                        texts(batch, NewOrder::traceparent),
                        lineOrders.toArray(String[]::new),
                        positions.toArray(Integer[]::new),
                        texts(lines, Order.Line::sku),
                        texts(lines, Order.Line::name),
                        lines.stream().map(Order.Line::quantity).toArray(Integer[]::new),
                        texts(lines, line -> line.unitPrice().amount().toPlainString()),
                        OrderPlaced.TOPIC,
                        OrderPlaced.TYPE)
                .query(OutboxEvent::read)
                .list();
    }

    private static <T> @Nullable String[] texts(List<T> items, Function<T, @Nullable String> text) {
        return items.stream().map(text).toArray(String[]::new);
    }

    /** An order, and what the request that placed it asked for. */
    record Keyed(Order order, byte[] requestHash) {}

    /**
     * The order that a customer placed under a key. As {@link #findForAnswer}, it is held to the rules of commit: what
     * is not replicated yet is not acknowledged.
     */
    @Transactional
    Optional<Keyed> findByKey(String customer, String key) {
        return jdbc.sql("SELECT request_hash, " + OrderQueries.COLUMNS
                        + " FROM orders WHERE customer = ? AND idempotency_key = ? FOR UPDATE OF orders")
                .params(customer, key)
                .query((row, n) -> new Keyed(OrderQueries.read(row, n), row.getBytes("request_hash")))
                .optional();
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
                        + " WHERE id = :id AND customer = :customer AND " + IS_OPEN
                        + " AND (:versions::bigint[] IS NULL OR version = ANY (:versions::bigint[])) RETURNING "
                        + OrderQueries.COLUMNS)
                .param("id", id)
                .param("customer", customer)
                .param("versions", versions == null ? null : versions.toArray(Long[]::new))
                .query(OrderQueries::read)
                .optional();
    }

    /**
     * A customer's order as it is answered to a request that changes something. The row is locked, which writes: an
     * answer that tells of another request's commit is held to the same rules of commit.
     */
    @Transactional(propagation = Propagation.MANDATORY)
    Optional<Order> findForAnswer(UUID id, String customer) {
        return jdbc.sql("SELECT " + OrderQueries.COLUMNS
                        + " FROM orders WHERE id = ? AND customer = ? FOR UPDATE OF orders")
                .params(id, customer)
                .query(OrderQueries::read)
                .optional();
    }

    /** An order, and the token that it is to be paid by. */
    record Payable(Order order, String paymentToken) {}

    Optional<Payable> findPayable(UUID id) {
        return jdbc.sql("SELECT payment_token, " + OrderQueries.COLUMNS + " FROM orders WHERE id = ?")
                .param(id)
                .query(Orders::payable)
                .optional();
    }

    private static Payable payable(ResultSet row, int number) throws SQLException {
        return new Payable(OrderQueries.read(row, number), row.getString("payment_token"));
    }

    /**
     * Takes orders that are still placed and were not attended to since a moment, those that waited longest first,
     * and notes that they are seen to now. Orders that another transaction holds are passed over.
     *
     * @param since the moment; an order that was never seen to counts from its placing
     * @param limit at most so many
     * @return those of which nothing is known that they wait for: their event has left the outbox, and the queue has not
     *     given it up, or an operator has sent it again since
     */
    @Transactional(propagation = Propagation.MANDATORY)
    List<Payable> attend(Instant since, Instant now, int limit) {
        return jdbc.sql("""
                WITH waiting AS (
                    SELECT id AS waiting_id FROM orders
                    WHERE status = 'PLACED' AND coalesce(attended_at, placed_at) <= ?
                    ORDER BY coalesce(attended_at, placed_at) LIMIT ? FOR UPDATE SKIP LOCKED
                ), attended AS (
                    UPDATE orders SET attended_at = ? FROM waiting WHERE id = waiting_id
                    RETURNING payment_token, %s
                )
                SELECT * FROM attended
                WHERE id NOT IN (SELECT order_id FROM outbox)
                  AND NOT EXISTS (SELECT FROM dead_letters
                                  WHERE order_id = attended.id AND redriven_at IS NULL
                                    AND origin_topic = 'orders.placed')""".formatted(OrderQueries.COLUMNS))
                .params(since.atOffset(ZoneOffset.UTC), limit, now.atOffset(ZoneOffset.UTC))
                .query(Orders::payable)
                .list();
    }

    /**
     * The orders that are still placed.
     *
     * @param oldest when the one that has been waiting longest was placed; null where none waits
     * @param unattended since when one waits for {@link #attend}; null where none waits
     */
    record Waiting(
            @Nullable OffsetDateTime oldest, @Nullable OffsetDateTime unattended) {}

    Waiting waiting() {
        return jdbc.sql("""
                SELECT min(placed_at) AS oldest, min(coalesce(attended_at, placed_at)) AS unattended
                FROM orders WHERE status = 'PLACED'""")
                .query((row, n) -> new Waiting(
                        row.getObject("oldest", OffsetDateTime.class),
                        row.getObject("unattended", OffsetDateTime.class)))
                .single();
    }

    /** An order's way out of {@link Order.Status#PLACED}, as fulfilment decided it. */
    public record Settlement(UUID orderId, Order.Status status, Order.@Nullable Reason reason) {}

    /**
     * Settles those of the orders that are still open, in one statement that commits by itself; the others stay as they
     * are, so that an outcome which comes twice, or after a cancellation, changes nothing.
     *
     * @param settlements one for each order
     * @return every order of these that exists, as it is then; one that another transaction decided at this moment is
     *     {@code PLACED} here, since that is not in this statement's snapshot, and final when it is asked for again
     */
    public List<Order> settle(List<Settlement> settlements) {
        return jdbc.sql("""
                WITH outcome AS (
                    SELECT * FROM unnest(?::uuid[], ?::text[], ?::text[]) AS outcome (order_id, status, reason)
                ), settled AS (
                    UPDATE orders SET status = outcome.status, reason = outcome.reason, version = version + 1
                    FROM outcome WHERE orders.id = outcome.order_id AND orders.%2$s
                    RETURNING %1$s
                )
                SELECT * FROM settled
                UNION ALL
                SELECT %1$s FROM orders JOIN outcome ON orders.id = outcome.order_id
                WHERE NOT EXISTS (SELECT FROM settled WHERE settled.id = orders.id)""".formatted(OrderQueries.COLUMNS, IS_OPEN))
                .param(texts(settlements, settlement -> settlement.orderId.toString()))
                .param(texts(settlements, settlement -> settlement.status.name()))
                .param(texts(settlements, settlement -> settlement.reason == null ? null : settlement.reason.name()))
                .query(OrderQueries::read)
                .list();
    }
}

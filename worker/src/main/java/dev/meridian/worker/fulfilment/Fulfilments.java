package dev.meridian.worker.fulfilment;

import dev.meridian.worker.fulfilment.Fulfilment.Cancelled;
import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Reason;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.fulfilment.Fulfilment.Reserved;
import dev.meridian.worker.fulfilment.Fulfilment.Settled;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.UUID;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * What came of each order, and the stock that it holds.
 *
 * <p>Each change is one statement and so one transaction. That keeps the lock on a much wanted SKU for the
 * time of the commit alone, without a round trip to this process in between.
 */
@Repository
class Fulfilments {

    private static final String FIND = """
            SELECT order_id, status, reason, decided_at, cancelled_at FROM fulfilment WHERE order_id = :order
            """;

    // What reserves takes stock first and then the order, what releases the other way round. So each takes the order
    // before both, and those of one order never wait for each other in a circle: PostgreSQL would find that only after
    // a second, with everybody else who wants the same stock waiting behind.
    private static final String ONE_AT_A_TIME = """
            WITH turn AS MATERIALIZED (
                SELECT pg_advisory_xact_lock(hashtextextended(CAST(:order AS text), 0))
            ), """;

    // All lines or none. in_stock locks the SKUs in their order, so that two orders never wait for each other
    // in a circle; a row that had to be waited for is judged by its newest version. taken reads the verdict and
    // with it the whole of in_stock: nothing is taken before everything is locked.
    // An order that is known takes nothing and stays as it is.
    private static final String RESERVE = ONE_AT_A_TIME + """
            known AS (
                SELECT order_id, status, reason, decided_at, cancelled_at FROM fulfilment WHERE order_id = :order
            ), wanted AS (
                SELECT line.* FROM turn, unnest(:skus, :quantities) AS line (sku, quantity)
                 WHERE NOT EXISTS (SELECT FROM known)
            ), in_stock AS (
                SELECT stock.sku
                  FROM stock JOIN wanted ON stock.sku = wanted.sku AND stock.available >= wanted.quantity
                 ORDER BY stock.sku
                   FOR UPDATE OF stock
            ), verdict AS (
                SELECT (SELECT count(*) FROM in_stock) = (SELECT count(*) FROM wanted) AS reserved
            ), taken AS (
                UPDATE stock SET available = available - wanted.quantity
                  FROM wanted, verdict
                 WHERE stock.sku = wanted.sku AND verdict.reserved
            ), held AS (
                INSERT INTO reservation (order_id, sku, quantity)
                SELECT :order, sku, quantity FROM wanted, verdict WHERE verdict.reserved
            ), made AS (
                INSERT INTO fulfilment (order_id, customer, status, reason, reserved_at, decided_at)
                SELECT :order, :customer,
                       CASE WHEN reserved THEN 'RESERVED' ELSE 'REJECTED' END,
                       CASE WHEN NOT reserved THEN 'OUT_OF_STOCK' END,
                       CASE WHEN reserved THEN :now END,
                       CASE WHEN NOT reserved THEN :now END
                  FROM verdict
                 WHERE NOT EXISTS (SELECT FROM known)
                RETURNING order_id, status, reason, decided_at, cancelled_at
            )
            SELECT * FROM known UNION ALL SELECT * FROM made
            """;

    private static final String CONFIRM = """
            UPDATE fulfilment SET status = 'CONFIRMED', decided_at = :now
             WHERE order_id = :order AND status = 'RESERVED'
            RETURNING order_id, status, reason, decided_at, cancelled_at
            """;

    // Follows a change of an order, and puts back what that order holds: the reservation's rows go, each only once,
    // and as many return to stock. Locks in the order of SKUs, as above.
    private static final String RELEASE = """
            , freed AS (
                DELETE FROM reservation USING changed WHERE reservation.order_id = changed.order_id
                RETURNING reservation.sku, reservation.quantity
            ), locked AS (
                SELECT stock.sku FROM stock JOIN freed ON stock.sku = freed.sku
                 ORDER BY stock.sku
                   FOR UPDATE OF stock
            ), returned AS (
                UPDATE stock SET available = available + freed.quantity
                  FROM freed
                 WHERE stock.sku = freed.sku AND (SELECT count(*) FROM locked) > 0
            )
            SELECT order_id, status, reason, decided_at, cancelled_at FROM changed
            """;

    // The stock goes back in the statement that decides, and only if this is the one that decides.
    private static final String REJECT = ONE_AT_A_TIME + """
            changed AS (
                UPDATE fulfilment SET status = 'REJECTED', reason = :reason, decided_at = :now
                  FROM turn
                 WHERE order_id = :order AND status = 'RESERVED'
                RETURNING order_id, status, reason, decided_at, cancelled_at
            )
            """ + RELEASE;

    // The first cancellation's time is kept. Tells what the order was before.
    private static final String CANCEL = ONE_AT_A_TIME + """
            changed AS (
                UPDATE fulfilment SET status = 'CANCELLED', cancelled_at = COALESCE(cancelled_at, :at)
                  FROM turn
                 WHERE order_id = :order
                RETURNING old.order_id, old.status, old.reason, old.decided_at, old.cancelled_at
            )
            """ + RELEASE;

    // Not one statement with CANCEL, by ON CONFLICT DO UPDATE: that would change an order that was reserved while this
    // statement ran, without seeing the reservation that came with it.
    private static final String CANCEL_BEFORE_PLACEMENT = """
            INSERT INTO fulfilment (order_id, customer, status, cancelled_at)
            VALUES (:order, :customer, 'CANCELLED', :at)
            ON CONFLICT (order_id) DO NOTHING
            """;

    private final JdbcClient jdbc;
    private final Clock clock;

    Fulfilments(JdbcClient jdbc, Clock clock) {
        this.jdbc = jdbc;
        this.clock = clock;
    }

    Optional<Fulfilment> find(UUID orderId) {
        return jdbc.sql(FIND)
                .param("order", orderId)
                .query(Fulfilments::fulfilment)
                .optional();
    }

    /**
     * Takes all lines of the order from stock, or rejects it; one that is known already stays as it is. Of several
     * attempts for one order the first counts, and all return what it came to.
     */
    Fulfilment reserve(OrderPlaced order) {
        var quantities = order.quantities();
        try {
            return jdbc.sql(RESERVE)
                    .param("order", order.orderId())
                    .param("customer", order.customer())
                    .param("skus", quantities.keySet().toArray(String[]::new))
                    .param("quantities", quantities.values().toArray(Integer[]::new))
                    .param("now", now())
                    .query(Fulfilments::fulfilment)
                    .single();
        } catch (DuplicateKeyException anotherDeliveryWasFirst) {
            return find(order.orderId()).orElseThrow(() -> anotherDeliveryWasFirst);
        }
    }

    /** Confirms the order, unless it is settled: then returns that. */
    Settled confirm(UUID orderId) {
        return jdbc.sql(CONFIRM)
                .param("order", orderId)
                .param("now", now())
                .query(Fulfilments::settled)
                .optional()
                .orElseGet(() -> settled(orderId));
    }

    /** Rejects the order and puts its stock back, unless it is settled: then returns that. */
    Settled reject(UUID orderId, Reason reason) {
        return jdbc.sql(REJECT)
                .param("order", orderId)
                .param("reason", reason.name())
                .param("now", now())
                .query(Fulfilments::settled)
                .optional()
                .orElseGet(() -> settled(orderId));
    }

    /**
     * Marks the order as cancelled for ever and puts back the stock that it holds. An order that has not been placed
     * yet is marked as well: {@link #reserve} then finds it cancelled and takes nothing. Asking again is safe.
     *
     * @return what the order was before; nothing if it had not been placed
     */
    Optional<Fulfilment> cancel(OrderCancelled order) {
        Optional<Fulfilment> before = markAndRelease(order);
        // Placed between the two statements, it is there now, and no order ever goes away.
        return before.isPresent() || markedBeforePlacement(order) ? before : markAndRelease(order);
    }

    private Optional<Fulfilment> markAndRelease(OrderCancelled order) {
        return jdbc.sql(CANCEL)
                .param("order", order.orderId())
                .param("at", order.cancelledAt().atOffset(ZoneOffset.UTC))
                .query(Fulfilments::fulfilment)
                .optional();
    }

    private boolean markedBeforePlacement(OrderCancelled order) {
        return jdbc.sql(CANCEL_BEFORE_PLACEMENT)
                        .param("order", order.orderId())
                        .param("customer", order.customer())
                        .param("at", order.cancelledAt().atOffset(ZoneOffset.UTC))
                        .update()
                == 1;
    }

    /** What the order came to; it must have come to something. */
    Settled settled(UUID orderId) {
        return switch (find(orderId).orElse(null)) {
            case Settled settled -> settled;
            case Reserved _ -> throw new IllegalStateException("order " + orderId + " is still open");
            case null -> throw new IllegalStateException("order " + orderId + " was never reserved");
        };
    }

    // What is published is what is stored, also after a redelivery: PostgreSQL keeps microseconds.
    private OffsetDateTime now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC);
    }

    private static Fulfilment fulfilment(ResultSet row, int index) throws SQLException {
        UUID orderId = row.getObject("order_id", UUID.class);
        return switch (row.getString("status")) {
            case "RESERVED" -> new Reserved(orderId);
            case "CONFIRMED" -> new Confirmed(orderId, time(row, "decided_at"));
            case "REJECTED" -> new Rejected(orderId, Reason.valueOf(row.getString("reason")), time(row, "decided_at"));
            case "CANCELLED" -> new Cancelled(orderId, time(row, "cancelled_at"));
            case String status -> throw new IllegalStateException("order " + orderId + " has status " + status);
        };
    }

    private static Settled settled(ResultSet row, int index) throws SQLException {
        return (Settled) fulfilment(row, index);
    }

    private static Instant time(ResultSet row, String column) throws SQLException {
        return row.getObject(column, OffsetDateTime.class).toInstant();
    }
}

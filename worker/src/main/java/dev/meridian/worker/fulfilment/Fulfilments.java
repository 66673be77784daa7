package dev.meridian.worker.fulfilment;

import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Decided;
import dev.meridian.worker.fulfilment.Fulfilment.Reason;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.fulfilment.Fulfilment.Reserved;
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
import org.springframework.dao.PessimisticLockingFailureException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * What was decided about each order, and the stock that it holds.
 *
 * <p>Each change is one statement and so one transaction. That keeps the lock on a much wanted SKU for the
 * time of the commit alone, without a round trip to this process in between.
 */
@Repository
class Fulfilments {

    private static final String FIND = """
            SELECT order_id, status, reason, decided_at FROM fulfilment WHERE order_id = :order
            """;

    // All lines or none. in_stock locks the SKUs in their order, so that two orders never wait for each other
    // in a circle; a row that had to be waited for is judged by its newest version. taken reads the verdict and
    // with it the whole of in_stock: nothing is taken before everything is locked.
    private static final String RESERVE = """
            WITH wanted AS (
                SELECT * FROM unnest(:skus, :quantities) AS line (sku, quantity)
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
            )
            INSERT INTO fulfilment (order_id, customer, status, reason, reserved_at, decided_at)
            SELECT :order, :customer,
                   CASE WHEN reserved THEN 'RESERVED' ELSE 'REJECTED' END,
                   CASE WHEN NOT reserved THEN 'OUT_OF_STOCK' END,
                   CASE WHEN reserved THEN :now END,
                   CASE WHEN NOT reserved THEN :now END
              FROM verdict
            RETURNING order_id, status, reason, decided_at
            """;

    private static final String CONFIRM = """
            UPDATE fulfilment SET status = 'CONFIRMED', decided_at = :now
             WHERE order_id = :order AND status = 'RESERVED'
            RETURNING order_id, status, reason, decided_at
            """;

    // The stock goes back in the statement that decides, and only if this is the one that decides.
    private static final String REJECT = """
            WITH decided AS (
                UPDATE fulfilment SET status = 'REJECTED', reason = :reason, decided_at = :now
                 WHERE order_id = :order AND status = 'RESERVED'
                RETURNING order_id, status, reason, decided_at
            ), freed AS (
                DELETE FROM reservation USING decided WHERE reservation.order_id = decided.order_id
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
            SELECT order_id, status, reason, decided_at FROM decided
            """;

    private static final int REJECTIONS = 10;

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
     * Takes all lines of the order from stock, or rejects it. Of several attempts for one order the first
     * counts, and all return what it came to.
     *
     * <p>A delivery that reserves (stock first, then the order) and one that rejects the same order (the order first,
     * then its stock) can wait for each other in a circle. PostgreSQL ends one of the two, which then looks again.
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
        } catch (DuplicateKeyException | PessimisticLockingFailureException anotherDeliveryWasFirst) {
            return find(order.orderId()).orElseThrow(() -> anotherDeliveryWasFirst);
        }
    }

    /** Decides the order, unless it is decided: then returns that. */
    Decided confirm(UUID orderId) {
        return decide(
                orderId,
                jdbc.sql(CONFIRM)
                        .param("order", orderId)
                        .param("now", now())
                        .query(Fulfilments::fulfilment)
                        .optional());
    }

    /** Decides the order and puts its stock back, unless it is decided: then returns that. */
    Decided reject(UUID orderId, Reason reason) {
        for (int attempt = 1; ; attempt++) {
            try {
                return decide(orderId, rejectOnce(orderId, reason));
            } catch (PessimisticLockingFailureException anotherDeliveryReserves) {
                // Its reservation fails, since the order has one; there may be as many as there are deliveries at once.
                if (attempt == REJECTIONS) {
                    throw anotherDeliveryReserves;
                }
            }
        }
    }

    private Optional<Fulfilment> rejectOnce(UUID orderId, Reason reason) {
        return jdbc.sql(REJECT)
                .param("order", orderId)
                .param("reason", reason.name())
                .param("now", now())
                .query(Fulfilments::fulfilment)
                .optional();
    }

    private Decided decide(UUID orderId, Optional<Fulfilment> decided) {
        return switch (decided.or(() -> find(orderId)).orElse(null)) {
            case Decided decision -> decision;
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
            case "CONFIRMED" -> new Confirmed(orderId, decidedAt(row));
            case "REJECTED" -> new Rejected(orderId, Reason.valueOf(row.getString("reason")), decidedAt(row));
            case String status -> throw new IllegalStateException("order " + orderId + " has status " + status);
        };
    }

    private static Instant decidedAt(ResultSet row) throws SQLException {
        return row.getObject("decided_at", OffsetDateTime.class).toInstant();
    }
}

package dev.meridian.worker.fulfilment;

import dev.meridian.worker.fulfilment.Fulfilment.Cancelled;
import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Reason;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.fulfilment.Fulfilment.Reserved;
import dev.meridian.worker.payment.PaymentResult;
import dev.meridian.worker.payment.PaymentResult.Barred;
import dev.meridian.worker.payment.PaymentResult.Charged;
import dev.meridian.worker.payment.PaymentResult.Declined;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.support.TransactionOperations;

/**
 * What came of each order, and the stock that it holds.
 *
 * <p>Each method is one transaction for a whole batch, and gives each order in it the same as a transaction of its own
 * would. A transaction takes the turns of its orders before all else, so no two ever write to the same order at the
 * same time, and each sees all that those before it wrote.
 */
@Repository
class Fulfilments {

    // Sorted, as the SKUs below: transactions that want several of the same never wait for each other in a circle.
    private static final String TAKE_TURNS = """
            SELECT count(pg_advisory_xact_lock(turn))
              FROM (SELECT hashtextextended(order_id::text, 0) AS turn
                      FROM unnest(CAST(:orders AS uuid[])) AS orders (order_id)
                     ORDER BY turn
                    OFFSET 0) AS turns
            """;

    private static final String FIND = """
            SELECT order_id, status, reason, decided_at, cancelled_at
              FROM fulfilment WHERE order_id = ANY (CAST(:orders AS uuid[]))
            """;

    // A row that had to be waited for is given in its newest version.
    private static final String LOCK_STOCK = """
            SELECT sku, available FROM stock WHERE sku = ANY (:skus) ORDER BY sku FOR UPDATE
            """;

    // An order without lines to hold is out of stock.
    private static final String RESERVE = """
            WITH line AS (
                SELECT * FROM unnest(CAST(:lineOrders AS uuid[]), :lineSkus, CAST(:lineQuantities AS int[]))
                              AS line (order_id, sku, quantity)
            ), fresh AS (
                SELECT *, order_id IN (SELECT order_id FROM line) AS reserved
                  FROM unnest(CAST(:orders AS uuid[]), :customers) AS fresh (order_id, customer)
            ), made AS (
                INSERT INTO fulfilment (order_id, customer, status, reason, reserved_at, decided_at)
                SELECT order_id, customer,
                       CASE WHEN reserved THEN 'RESERVED' ELSE 'REJECTED' END,
                       CASE WHEN NOT reserved THEN 'OUT_OF_STOCK' END,
                       CASE WHEN reserved THEN now() END,
                       CASE WHEN NOT reserved THEN now() END
                  FROM fresh
                RETURNING *
            ), held AS (
                INSERT INTO reservation (order_id, sku, quantity) SELECT * FROM line
            ), taken AS (
                UPDATE stock SET available = available - wanted.quantity
                  FROM (SELECT sku, sum(quantity)::int AS quantity FROM line GROUP BY sku) AS wanted
                 WHERE stock.sku = wanted.sku
            )
            SELECT * FROM made
            """;

    private static final String DECIDE = """
            UPDATE fulfilment
               SET status = answer.status,
                   reason = CASE answer.status WHEN 'REJECTED' THEN 'PAYMENT_DECLINED' END,
                   decided_at = now()
              FROM unnest(CAST(:orders AS uuid[]), :statuses) AS answer (order_id, status)
             WHERE fulfilment.order_id = answer.order_id AND fulfilment.status = 'RESERVED'
               AND answer.status <> 'RESERVED'
            """;

    // The first cancellation's time is kept.
    private static final String CANCEL = """
            INSERT INTO fulfilment (order_id, customer, status, cancelled_at)
            SELECT order_id, customer, 'CANCELLED', cancelled_at
              FROM unnest(CAST(:orders AS uuid[]), :customers, CAST(:times AS timestamptz[]))
                   AS cancelled (order_id, customer, cancelled_at)
            ON CONFLICT (order_id) DO UPDATE
               SET status = 'CANCELLED', cancelled_at = COALESCE(fulfilment.cancelled_at, excluded.cancelled_at)
            """;

    // Puts back what rejected and cancelled orders hold: the reservations' rows go, each only once, and as many return
    // to stock. All SKUs are locked before any is changed, since the update reads the whole of locked.
    private static final String RELEASE = """
            WITH freed AS (
                DELETE FROM reservation USING fulfilment
                 WHERE reservation.order_id = ANY (CAST(:orders AS uuid[]))
                   AND fulfilment.order_id = reservation.order_id AND status IN ('REJECTED', 'CANCELLED')
                RETURNING sku, quantity
            ), back AS MATERIALIZED (
                SELECT sku, sum(quantity)::int AS quantity FROM freed GROUP BY sku
            ), locked AS MATERIALIZED (
                SELECT stock.sku FROM stock JOIN back ON stock.sku = back.sku
                 ORDER BY stock.sku
                   FOR UPDATE OF stock
            )
            UPDATE stock SET available = available + back.quantity
              FROM back
             WHERE stock.sku = back.sku AND (SELECT count(*) FROM locked) > 0
            """;

    private final JdbcClient jdbc;
    private final TransactionOperations transactions;

    Fulfilments(JdbcClient jdbc, TransactionOperations transactions) {
        this.jdbc = jdbc;
        this.transactions = transactions;
    }

    /** What the orders came to, as far as they are known. */
    Map<UUID, Fulfilment> find(Collection<UUID> orderIds) {
        return byOrder(jdbc.sql(FIND).param("orders", column(orderIds, UUID::toString)));
    }

    /**
     * Takes all lines of an order from stock or none, and rejects the order then. Where stock is short, the orders get
     * it in the order of the batch. An order that is known already takes nothing and stays as it is.
     *
     * @param orders each only once
     * @return what each order has come to
     */
    Map<UUID, Fulfilment> reserve(Collection<OrderPlaced> orders) {
        List<UUID> orderIds = orders.stream().map(OrderPlaced::orderId).toList();
        return inTurn(orderIds, () -> {
            Map<UUID, Fulfilment> fulfilments = find(orderIds);
            List<OrderPlaced> fresh = orders.stream()
                    .filter(order -> !fulfilments.containsKey(order.orderId()))
                    .toList();
            if (!fresh.isEmpty()) {
                fulfilments.putAll(reserveFresh(fresh));
            }
            return fulfilments;
        });
    }

    private Map<UUID, Fulfilment> reserveFresh(List<OrderPlaced> orders) {
        Map<String, Integer> available = lockStock(orders);
        List<Held> held = new ArrayList<>();
        for (OrderPlaced order : orders) {
            Map<String, Integer> wanted = order.quantities();
            if (wanted.entrySet().stream()
                    .allMatch(line -> available.getOrDefault(line.getKey(), 0) >= line.getValue())) {
                wanted.forEach((sku, quantity) -> {
                    available.merge(sku, -quantity, Integer::sum);
                    held.add(new Held(order.orderId(), sku, quantity));
                });
            }
        }
        return byOrder(jdbc.sql(RESERVE)
                .param("orders", column(orders, OrderPlaced::orderId))
                .param("customers", column(orders, OrderPlaced::customer))
                .param("lineOrders", column(held, Held::orderId))
                .param("lineSkus", column(held, Held::sku))
                .param("lineQuantities", column(held, Held::quantity)));
    }

    private record Held(UUID orderId, String sku, int quantity) {}

    private Map<String, Integer> lockStock(List<OrderPlaced> orders) {
        Set<String> skus = new HashSet<>();
        orders.forEach(order -> skus.addAll(order.quantities().keySet()));
        Map<String, Integer> available = new HashMap<>();
        jdbc.sql(LOCK_STOCK).param("skus", skus.toArray(String[]::new)).query(row -> {
            available.put(row.getString("sku"), row.getInt("available"));
        });
        return available;
    }

    /**
     * Confirms the orders that are paid for, and rejects those whose payment was declined and puts back their stock.
     * Only an order that is reserved is decided; all others stay as they are.
     *
     * @return what each order has come to
     */
    Map<UUID, Fulfilment> decide(Map<UUID, PaymentResult> answers) {
        return inTurn(answers.keySet(), () -> {
            jdbc.sql(DECIDE)
                    .param("orders", column(answers.keySet(), UUID::toString))
                    .param("statuses", column(answers.values(), Fulfilments::status))
                    .update();
            if (answers.containsValue(new Declined())) {
                release(answers.keySet());
            }
            return find(answers.keySet());
        });
    }

    private static String status(PaymentResult answer) {
        return switch (answer) {
            case Charged() -> "CONFIRMED";
            case Declined() -> "REJECTED";
            case Barred() -> "RESERVED";
        };
    }

    /**
     * Marks the orders as cancelled for ever and puts back the stock that they hold. An order that has not been placed
     * yet is marked as well: {@link #reserve} then finds it cancelled and takes nothing. Asking again is safe.
     *
     * @param orders each only once
     * @return what each order was before; nothing for one that had not been placed
     */
    Map<UUID, Fulfilment> cancel(Collection<OrderCancelled> orders) {
        List<UUID> orderIds = orders.stream().map(OrderCancelled::orderId).toList();
        return inTurn(orderIds, () -> {
            Map<UUID, Fulfilment> before = find(orderIds);
            jdbc.sql(CANCEL)
                    .param("orders", column(orderIds, UUID::toString))
                    .param("customers", column(orders, OrderCancelled::customer))
                    .param("times", column(orders, OrderCancelled::cancelledAt))
                    .update();
            release(orderIds);
            return before;
        });
    }

    private void release(Collection<UUID> orderIds) {
        jdbc.sql(RELEASE).param("orders", column(orderIds, UUID::toString)).update();
    }

    private Map<UUID, Fulfilment> inTurn(Collection<UUID> orderIds, Supplier<Map<UUID, Fulfilment>> work) {
        if (orderIds.isEmpty()) {
            return Map.of();
        }
        return Objects.requireNonNull(transactions.execute(_ -> {
            jdbc.sql(TAKE_TURNS)
                    .param("orders", column(orderIds, UUID::toString))
                    .query()
                    .singleRow();
            return work.get();
        }));
    }

    /** As an array that a statement unnests. */
    private static <T> String[] column(Collection<T> rows, Function<T, Object> value) {
        return rows.stream().map(value).map(String::valueOf).toArray(String[]::new);
    }

    private static Map<UUID, Fulfilment> byOrder(JdbcClient.StatementSpec statement) {
        Map<UUID, Fulfilment> found = new HashMap<>();
        for (Fulfilment fulfilment : statement.query(Fulfilments::fulfilment).list()) {
            found.put(fulfilment.orderId(), fulfilment);
        }
        return found;
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

    private static Instant time(ResultSet row, String column) throws SQLException {
        return row.getObject(column, OffsetDateTime.class).toInstant();
    }
}

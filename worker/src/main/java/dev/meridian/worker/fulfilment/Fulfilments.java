package dev.meridian.worker.fulfilment;

import dev.meridian.worker.fulfilment.Fulfilment.Cancelled;
import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
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
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;
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

    private static final String RESERVE = """
            WITH made AS (
                INSERT INTO fulfilment (order_id, customer, status, reason, reserved_at, decided_at)
                SELECT order_id, customer,
                       CASE WHEN reserved THEN 'RESERVED' ELSE 'REJECTED' END,
                       CASE WHEN NOT reserved THEN 'OUT_OF_STOCK' END,
                       CASE WHEN reserved THEN :now END,
                       CASE WHEN NOT reserved THEN :now END
                  FROM unnest(CAST(:orders AS uuid[]), :customers, :reserved) AS fresh (order_id, customer, reserved)
            ), held AS (
                INSERT INTO reservation (order_id, sku, quantity)
                SELECT order_id, sku, quantity
                  FROM unnest(CAST(:lineOrders AS uuid[]), :lineSkus, :lineQuantities) AS line (order_id, sku, quantity)
            )
            UPDATE stock SET available = available - taken.quantity
              FROM (SELECT sku, sum(quantity)::int AS quantity
                      FROM unnest(:lineSkus, :lineQuantities) AS line (sku, quantity)
                     GROUP BY sku) AS taken
             WHERE stock.sku = taken.sku
            """;

    private static final String CONFIRM = """
            UPDATE fulfilment SET status = 'CONFIRMED', decided_at = :now
             WHERE order_id = ANY (CAST(:orders AS uuid[])) AND status = 'RESERVED'
            """;

    private static final String REJECT = """
            UPDATE fulfilment SET status = 'REJECTED', reason = 'PAYMENT_DECLINED', decided_at = :now
             WHERE order_id = ANY (CAST(:orders AS uuid[])) AND status = 'RESERVED'
            RETURNING order_id
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

    // Puts back what the orders hold: the reservations' rows go, each only once, and as many return to stock. All SKUs
    // are locked before any is changed, since the update reads the whole of locked.
    private static final String RELEASE = """
            WITH freed AS (
                DELETE FROM reservation WHERE order_id = ANY (CAST(:orders AS uuid[])) RETURNING sku, quantity
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
    private final Clock clock;

    Fulfilments(JdbcClient jdbc, TransactionOperations transactions, Clock clock) {
        this.jdbc = jdbc;
        this.transactions = transactions;
        this.clock = clock;
    }

    /** What the orders came to, as far as they are known. */
    Map<UUID, Fulfilment> find(Collection<UUID> orderIds) {
        Map<UUID, Fulfilment> found = new HashMap<>();
        jdbc.sql(FIND)
                .param("orders", array(orderIds))
                .query(Fulfilments::fulfilment)
                .list()
                .forEach(fulfilment -> found.put(fulfilment.orderId(), fulfilment));
        return found;
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
        OffsetDateTime now = now();
        Map<UUID, Fulfilment> fulfilments = new LinkedHashMap<>();
        List<Held> held = new ArrayList<>();
        for (OrderPlaced order : orders) {
            UUID orderId = order.orderId();
            Map<String, Integer> wanted = order.quantities();
            if (wanted.entrySet().stream()
                    .allMatch(line -> available.getOrDefault(line.getKey(), 0) >= line.getValue())) {
                wanted.forEach((sku, quantity) -> {
                    available.merge(sku, -quantity, Integer::sum);
                    held.add(new Held(orderId, sku, quantity));
                });
                fulfilments.put(orderId, new Reserved(orderId));
            } else {
                fulfilments.put(orderId, new Rejected(orderId, Reason.OUT_OF_STOCK, now.toInstant()));
            }
        }
        jdbc.sql(RESERVE)
                .param("orders", array(fulfilments.keySet()))
                .param("customers", orders.stream().map(OrderPlaced::customer).toArray(String[]::new))
                .param(
                        "reserved",
                        fulfilments.values().stream()
                                .map(Reserved.class::isInstance)
                                .toArray(Boolean[]::new))
                .param("lineOrders", held.stream().map(Held::orderId).toArray(UUID[]::new))
                .param("lineSkus", held.stream().map(Held::sku).toArray(String[]::new))
                .param("lineQuantities", held.stream().map(Held::quantity).toArray(Integer[]::new))
                .param("now", now)
                .update();
        return fulfilments;
    }

    private record Held(UUID orderId, String sku, int quantity) {}

    private Map<String, Integer> lockStock(List<OrderPlaced> orders) {
        String[] skus = orders.stream()
                .flatMap(order -> order.quantities().keySet().stream())
                .distinct()
                .toArray(String[]::new);
        Map<String, Integer> available = new HashMap<>();
        jdbc.sql(LOCK_STOCK).param("skus", skus).query(row -> {
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
    Map<UUID, Fulfilment> decide(Collection<UUID> paid, Collection<UUID> declined) {
        List<UUID> orderIds = Stream.concat(paid.stream(), declined.stream()).toList();
        return inTurn(orderIds, () -> {
            OffsetDateTime now = now();
            if (!paid.isEmpty()) {
                jdbc.sql(CONFIRM)
                        .params(Map.of("orders", array(paid), "now", now))
                        .update();
            }
            if (!declined.isEmpty()) {
                release(jdbc.sql(REJECT)
                        .params(Map.of("orders", array(declined), "now", now))
                        .query(Fulfilments::orderId)
                        .list());
            }
            return find(orderIds);
        });
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
                    .param("orders", array(orderIds))
                    .param(
                            "customers",
                            orders.stream().map(OrderCancelled::customer).toArray(String[]::new))
                    .param(
                            "times",
                            orders.stream()
                                    .map(order -> order.cancelledAt().toString())
                                    .toArray(String[]::new))
                    .update();
            release(orderIds);
            return before;
        });
    }

    private void release(Collection<UUID> orderIds) {
        jdbc.sql(RELEASE).param("orders", array(orderIds)).update();
    }

    private <T> T inTurn(Collection<UUID> orderIds, Supplier<T> work) {
        return Objects.requireNonNull(transactions.execute(_ -> {
            jdbc.sql(TAKE_TURNS).param("orders", array(orderIds)).query().singleRow();
            return work.get();
        }));
    }

    private static UUID[] array(Collection<UUID> orderIds) {
        return orderIds.toArray(UUID[]::new);
    }

    // What is published is what is stored, also after a redelivery: PostgreSQL keeps microseconds.
    private OffsetDateTime now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC);
    }

    private static UUID orderId(ResultSet row, int index) throws SQLException {
        return row.getObject("order_id", UUID.class);
    }

    private static Fulfilment fulfilment(ResultSet row, int index) throws SQLException {
        UUID orderId = orderId(row, index);
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

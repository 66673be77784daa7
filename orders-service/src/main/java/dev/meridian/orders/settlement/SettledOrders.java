package dev.meridian.orders.settlement;

import dev.meridian.orders.Money;
import dev.meridian.orders.order.Order;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** Applies outcomes to the orders in the database. */
@Repository
class SettledOrders {

    /** What another transaction decides meanwhile is not in this statement's snapshot: such an order is still PLACED. */
    private static final String SETTLE = """
            WITH outcome AS (
                SELECT * FROM unnest(?::uuid[], ?::text[], ?::text[]) AS outcome (order_id, status, reason)
            ), settled AS (
                UPDATE orders SET status = outcome.status, reason = outcome.reason, version = version + 1
                FROM outcome WHERE orders.id = outcome.order_id AND orders.status = 'PLACED'
                RETURNING orders.id, orders.status, orders.reason, orders.version
            )
            SELECT known.id, known.customer, known.placed_at, known.total, known.currency,
                   coalesce(settled.status, known.status) AS status,
                   coalesce(settled.reason, known.reason) AS reason,
                   coalesce(settled.version, known.version) AS version,
                   line.skus, line.names, line.quantities, line.prices
            FROM outcome
                 JOIN orders AS known ON known.id = outcome.order_id
                 LEFT JOIN settled ON settled.id = known.id
                 CROSS JOIN LATERAL (
                     SELECT array_agg(sku) AS skus, array_agg(name) AS names, array_agg(quantity) AS quantities,
                            array_agg(unit_price) AS prices
                     FROM (SELECT * FROM order_lines WHERE order_id = known.id ORDER BY position) AS sorted) AS line""";

    private final JdbcClient jdbc;

    SettledOrders(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /**
     * Settles those of the orders that are still open, in one statement that commits by itself.
     *
     * @param outcomes one for each order
     * @return every order of these that exists, as it is then; one that another transaction decided at this moment is
     *     {@code PLACED} here, and final when it is asked for again
     */
    List<Order> settle(Collection<Outcome> outcomes) {
        return jdbc.sql(SETTLE)
                .param(outcomes.stream()
                        .map(outcome -> outcome.orderId().toString())
                        .toArray(String[]::new))
                .param(outcomes.stream()
                        .map(outcome -> outcome.outcome().name())
                        .toArray(String[]::new))
                .param(outcomes.stream()
                        .map(Outcome::reason)
                        .map(reason -> reason == null ? null : reason.name())
                        .toArray(String[]::new))
                .query((row, n) -> order(row))
                .list();
    }

    private static Order order(ResultSet row) throws SQLException {
        String currency = row.getString("currency");
        String reason = row.getString("reason");
        return new Order(
                row.getObject("id", UUID.class),
                row.getString("customer"),
                Order.Status.valueOf(row.getString("status")),
                row.getLong("version"),
                row.getObject("placed_at", OffsetDateTime.class).toInstant(),
                lines(row, currency),
                new Money(row.getBigDecimal("total"), currency),
                reason == null ? null : Order.Reason.valueOf(reason));
    }

    private static List<Order.Line> lines(ResultSet row, String currency) throws SQLException {
        String @Nullable [] skus = array(row, "skus", String[].class);
        String @Nullable [] names = array(row, "names", String[].class);
        Integer @Nullable [] quantities = array(row, "quantities", Integer[].class);
        BigDecimal @Nullable [] prices = array(row, "prices", BigDecimal[].class);
        List<Order.Line> lines = new ArrayList<>();
        if (skus != null && names != null && quantities != null && prices != null) {
            for (int i = 0; i < skus.length; i++) {
                lines.add(new Order.Line(skus[i], names[i], quantities[i], new Money(prices[i], currency)));
            }
        }
        return lines;
    }

    private static <T> @Nullable T array(ResultSet row, String column, Class<T> type) throws SQLException {
        var array = row.getArray(column);
        return array == null ? null : type.cast(array.getArray());
    }
}

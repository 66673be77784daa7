package dev.meridian.orders.order;

import dev.meridian.orders.Money;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/** What is read of orders, each by one statement and whole, from whichever database is asked. */
public final class OrderQueries {

    /** An order with its lines as one row, to be selected from, or returned by a change of, {@code orders}. */
    static final String COLUMNS = """
            orders.id, orders.customer, orders.status, orders.version, orders.placed_at, orders.total, orders.currency,
            orders.reason,
            (SELECT json_agg(json_build_object('sku', line.sku, 'name', line.name, 'quantity', line.quantity,
                                               'unitPrice', line.unit_price) ORDER BY line.position)
             FROM order_lines AS line WHERE line.order_id = orders.id) AS lines""";

    private record Line(String sku, String name, int quantity, BigDecimal unitPrice) {}

    private OrderQueries() {}

    static Order read(ResultSet row, int number) throws SQLException {
        String currency = row.getString("currency");
        String reason = row.getString("reason");
        List<Order.Line> lines = Stream.of(JsonMapper.shared().readValue(row.getString("lines"), Line[].class))
                .map(line -> new Order.Line(line.sku, line.name, line.quantity, new Money(line.unitPrice, currency)))
                .toList();
        return new Order(
                row.getObject("id", UUID.class),
                row.getString("customer"),
                Order.Status.valueOf(row.getString("status")),
                row.getLong("version"),
                row.getObject("placed_at", OffsetDateTime.class).toInstant(),
                lines,
                new Money(row.getBigDecimal("total"), currency),
                reason == null ? null : Order.Reason.valueOf(reason));
    }

    public static Function<JdbcClient, Optional<Order>> byId(UUID id) {
        return database -> database.sql("SELECT " + COLUMNS + " FROM orders WHERE id = ?")
                .param(id)
                .query(OrderQueries::read)
                .optional();
    }

    /** The orders that exist among these, in no order. */
    public static Function<JdbcClient, List<Order>> byIds(Collection<UUID> ids) {
        return database -> database.sql("SELECT " + COLUMNS + " FROM orders WHERE id = ANY (?::uuid[])")
                .param(texts(ids))
                .query(OrderQueries::read)
                .list();
    }

    /** The orders among these that are final, in no order. */
    public static Function<JdbcClient, List<Order>> finalAmong(Collection<UUID> ids) {
        return database -> database.sql(
                        "SELECT " + COLUMNS + " FROM orders WHERE id = ANY (?::uuid[]) AND status <> 'PLACED'")
                .param(texts(ids))
                .query(OrderQueries::read)
                .list();
    }

    /**
     * A customer's orders, newest first.
     *
     * @param before only orders placed before this one; null for the newest
     * @param limit at most so many
     * @param required orders that the database must have: where one is missing, the page is empty
     */
    public static Function<JdbcClient, List<Order>> page(
            String customer, @Nullable UUID before, int limit, Collection<UUID> required) {
        return database -> database.sql("SELECT " + COLUMNS + """
                         FROM orders
                        WHERE customer = :customer AND (:before::uuid IS NULL OR id < :before::uuid)
                          AND (SELECT count(*) FROM orders AS known WHERE known.id = ANY (:required::uuid[])) = :count
                        ORDER BY id DESC LIMIT :limit""")
                .param("customer", customer)
                .param("before", before)
                .param("required", texts(required))
                .param("count", required.size())
                .param("limit", limit)
                .query(OrderQueries::read)
                .list();
    }

    private static String[] texts(Collection<UUID> ids) {
        return ids.stream().map(UUID::toString).toArray(String[]::new);
    }
}

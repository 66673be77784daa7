package dev.meridian.orders.order;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What is read of orders, each by one statement and whole, from whichever database is asked. */
public final class OrderQueries {

    private OrderQueries() {}

    public static Function<JdbcClient, Optional<Order>> byId(UUID id) {
        return database -> database.sql("SELECT " + OrderRow.COLUMNS + " FROM orders WHERE id = ?")
                .param(id)
                .query(OrderRow::read)
                .optional();
    }

    /** The orders that exist among these, in no order. */
    public static Function<JdbcClient, List<Order>> byIds(Collection<UUID> ids) {
        return database -> database.sql("SELECT " + OrderRow.COLUMNS + " FROM orders WHERE id = ANY (?::uuid[])")
                .param(texts(ids))
                .query(OrderRow::read)
                .list();
    }

    /** The orders among these that are final, in no order. */
    public static Function<JdbcClient, List<Order>> finalAmong(Collection<UUID> ids) {
        return database -> database.sql(
                        "SELECT " + OrderRow.COLUMNS + " FROM orders WHERE id = ANY (?::uuid[]) AND status <> 'PLACED'")
                .param(texts(ids))
                .query(OrderRow::read)
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
        return database -> database.sql("SELECT " + OrderRow.COLUMNS + """
                         FROM orders
                        WHERE customer = :customer AND (:before::uuid IS NULL OR id < :before::uuid)
                          AND (SELECT count(*) FROM orders AS known WHERE known.id = ANY (:required::uuid[])) = :count
                        ORDER BY id DESC LIMIT :limit""")
                .param("customer", customer)
                .param("before", before)
                .param("required", texts(required))
                .param("count", required.size())
                .param("limit", limit)
                .query(OrderRow::read)
                .list();
    }

    private static String[] texts(Collection<UUID> ids) {
        return ids.stream().map(UUID::toString).toArray(String[]::new);
    }
}

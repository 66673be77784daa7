package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.local.Stack;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * What the databases say, to be held against what the customers were told.
 *
 * @param database asks a database, by its name, and returns the first column of the rows
 */
record Books(Database database) {

    @FunctionalInterface
    interface Database {
        List<String> query(String database, String sql);
    }

    /** The books of the system that all tests share. */
    static Books ofTheStack() {
        return new Books((database, sql) -> query(RunningSystem.stack(), database, sql));
    }

    static Books of(Stack stack) {
        return new Books((database, sql) -> query(stack, database, sql));
    }

    private List<String> query(String name, String sql) {
        return database.query(name, sql);
    }

    /** Every acknowledged order stands once, under the key and the id that its customer knows. */
    void everyAcknowledgedOrderExistsOnce(List<Customers.Placed> acknowledged) {
        List<String> stored = query("orders", "SELECT idempotency_key || ' ' || id FROM orders");
        assertThat(acknowledged).extracting(Customers.Placed::id).doesNotHaveDuplicates();
        assertThat(stored)
                .containsAll(
                        acknowledged.stream().map(p -> p.key() + " " + p.id()).toList());
        assertThat(query("orders", "SELECT id::text FROM orders WHERE idempotency_key IS NULL"))
                .as("orders that no key accounts for")
                .isEmpty();
    }

    /** The orders and fulfilment say the same of these, and it is final; whatever else earlier tests have left. */
    void agreeOn(List<Customers.Placed> acknowledged) {
        List<String> ids =
                acknowledged.stream().map(Customers.Placed::id).sorted().toList();
        List<String> orders = query("orders", "SELECT id || ' ' || status FROM orders").stream()
                .filter(order -> ids.contains(order.substring(0, 36)))
                .sorted()
                .toList();
        assertThat(orders).hasSameSizeAs(ids).noneMatch(order -> order.endsWith("PLACED"));
        assertThat(query("fulfilment", "SELECT order_id || ' ' || status FROM fulfilment"))
                .containsAll(orders);
    }

    /** What the orders say, what fulfilment decided, what is reserved and what was charged tell one story. */
    void everythingAddsUp() {
        assertThat(query("orders", "SELECT id || ' ' || status || coalesce(' ' || reason, '') FROM orders ORDER BY id"))
                .as("orders, and fulfilment's decisions")
                .isEqualTo(query(
                        "fulfilment",
                        "SELECT order_id || ' ' || status || coalesce(' ' || reason, '') FROM fulfilment"
                                + " ORDER BY order_id"));
        assertThat(query(
                        "orders",
                        "SELECT id || ' ' || sku || ' ' || sum(quantity) FROM orders JOIN order_lines ON order_id = id"
                                + " WHERE status = 'CONFIRMED' GROUP BY id, sku ORDER BY id, sku"))
                .as("lines of confirmed orders, and what is reserved")
                .isEqualTo(query(
                        "fulfilment",
                        "SELECT order_id || ' ' || sku || ' ' || quantity FROM reservation ORDER BY order_id, sku"));
        assertThat(query("orders", "SELECT id || ' ' || total FROM orders WHERE status = 'CONFIRMED' ORDER BY id"))
                .as("totals of confirmed orders, and what was charged")
                .isEqualTo(query(
                        "fulfilment",
                        "SELECT order_id || ' ' || amount FROM simulated_payment WHERE result = 'CHARGED'"
                                + " ORDER BY order_id"));
        assertThat(query("orders", "SELECT id::text FROM orders WHERE status = 'PLACED' OR version <> 2"))
                .as("orders that did not settle exactly once")
                .isEmpty();
        assertThat(query(
                        "fulfilment",
                        "SELECT sku || ' ' || available + coalesce((SELECT sum(quantity) FROM reservation r"
                                + " WHERE r.sku = stock.sku), 0) FROM stock ORDER BY sku"))
                .as("what is available and what is reserved, against what came in")
                .containsExactly(
                        "COF-001 10000000",
                        "COF-002 10000000",
                        "LTD-001 50",
                        "MUG-001 10000000",
                        "POT-001 10000000",
                        "TEA-001 10000000",
                        "TEA-002 10000000",
                        "TEA-003 10000000");
        assertThat(query("orders", "SELECT id::text FROM outbox"))
                .as("events left in the outbox")
                .isEmpty();
    }

    long countOfOrders(String status) {
        return Long.parseLong(query("orders", "SELECT count(*) FROM orders WHERE status = '" + status + "'")
                .getFirst());
    }

    long ordersWithKey(String key) {
        return Long.parseLong(query("orders", "SELECT count(*) FROM orders WHERE idempotency_key = '" + key + "'")
                .getFirst());
    }

    /** What the worker has made of an order. */
    String fulfilmentOf(String order) {
        return query("fulfilment", "SELECT status FROM fulfilment WHERE order_id = '" + order + "'")
                .getFirst();
    }

    private static List<String> query(Stack stack, String database, String sql) {
        String url = "jdbc:postgresql://" + stack.postgresPrimary() + "/" + database;
        try (Connection connection = DriverManager.getConnection(url, database, database);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> result = new ArrayList<>();
            while (rows.next()) {
                result.add(rows.getString(1));
            }
            return result;
        } catch (SQLException e) {
            throw new IllegalStateException(sql, e);
        }
    }
}

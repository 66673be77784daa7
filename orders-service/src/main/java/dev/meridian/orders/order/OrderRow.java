package dev.meridian.orders.order;

import dev.meridian.orders.Money;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** An order with its lines as one row, so that one statement reads it whole. */
final class OrderRow {

    /** To be selected from, or returned by a change of, {@code orders}. */
    static final String COLUMNS = """
            orders.id, orders.customer, orders.status, orders.version, orders.placed_at, orders.total, orders.currency,
            orders.reason,
            (SELECT json_agg(json_build_object('sku', line.sku, 'name', line.name, 'quantity', line.quantity,
                                               'unitPrice', line.unit_price) ORDER BY line.position)
             FROM order_lines AS line WHERE line.order_id = orders.id) AS lines""";

    private record Line(String sku, String name, int quantity, BigDecimal unitPrice) {}

    private OrderRow() {}

    static Order read(ResultSet row, int number) throws SQLException {
        String currency = row.getString("currency");
        String reason = row.getString("reason");
        return new Order(
                row.getObject("id", UUID.class),
                row.getString("customer"),
                Order.Status.valueOf(row.getString("status")),
                row.getLong("version"),
                row.getObject("placed_at", OffsetDateTime.class).toInstant(),
                lines(row.getString("lines"), currency),
                new Money(row.getBigDecimal("total"), currency),
                reason == null ? null : Order.Reason.valueOf(reason));
    }

    private static List<Order.Line> lines(String json, String currency) {
        return Stream.of(JsonMapper.shared().readValue(json, Line[].class))
                .map(line -> new Order.Line(line.sku, line.name, line.quantity, new Money(line.unitPrice, currency)))
                .toList();
    }
}

package dev.meridian.orders.order;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.RunningService;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

@RunningService
class OrdersTest {

    /**
     * Orders that were settled leave the index of the open ones at the next vacuum only, and not even then while a
     * session may still see them open.
     */
    @Test
    void ordersAreFoundByTheirIdsHoweverFewAreOpen(@Value("${meridian.postgres}") String hosts) throws SQLException {
        try (Connection owner = DriverManager.getConnection(
                "jdbc:postgresql://" + hosts + "/orders?targetServerType=primary",
                "orders_migrator",
                "orders_migrator")) {
            owner.setAutoCommit(false);
            var jdbc = JdbcClient.create(new SingleConnectionDataSource(owner, true));
            jdbc.sql("""
                    INSERT INTO orders (id, customer, status, version, placed_at, total, currency, payment_token)
                    SELECT gen_random_uuid(), 'settled', 'CONFIRMED', 2, now(), 1, 'EUR', 'tok_ok'
                    FROM generate_series(1, 20000)""").update();
            jdbc.sql("ANALYZE orders").update();

            var orders = new Orders(jdbc);
            orders.cancel(UUID.randomUUID(), "settled", null);
            orders.settle(IntStream.range(0, 50)
                    .mapToObj(n -> new Orders.Settlement(UUID.randomUUID(), Order.Status.CONFIRMED, null))
                    .toList());

            var scans = jdbc.sql("SELECT pg_stat_get_xact_numscans(CAST(:index AS regclass))");
            assertThat(scans.param("index", "orders_placed")
                            .query(Integer.class)
                            .single())
                    .isZero();
            owner.rollback();
        }
    }
}

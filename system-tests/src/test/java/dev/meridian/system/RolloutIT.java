package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.Stack;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Each deployable is stopped in order and started again while customers order, as a rollout does. */
@ExtendWith(RunningSystem.class)
class RolloutIT {

    private static final Duration SETTLED = Duration.ofSeconds(120);
    private static final String ORDER = Shop.order("TEA-001", 2, "tok_ok");

    private final Stack stack = RunningSystem.stack();
    private final Shop shop = Shop.open();
    private final Books books = Books.ofTheStack();

    @Test
    void behindTheGatewayNoCustomerNoticesThoughTheDatabaseIsMigratedInTheMiddle() throws SQLException {
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 3, Duration.ofMillis(200))) {
            customers.placeMore(20);
            restart("worker-dc1-1", customers);
            restart("orders-service-dc1-1", customers);
            migrate("ALTER TABLE orders ADD COLUMN of_the_next_version text"); // the other instance is as before
            restart("orders-service-dc1-2", customers);
            restart("discovery-dc1", customers);
            acknowledged = customers.finish();
        } finally {
            migrate("ALTER TABLE orders DROP COLUMN IF EXISTS of_the_next_version");
        }

        assertThat(acknowledged)
                .allSatisfy(order -> assertThat(order.attempts()).isEqualTo(1));
        addsUp(acknowledged);
    }

    /** There is one of it here, so customers come back until it is there again. */
    @Test
    void theGatewayIsStoppedWithoutLosingAnOrder() {
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 3, Duration.ofMillis(200))) {
            customers.placeMore(20);
            restart("gateway-dc1-1", customers);
            acknowledged = customers.finish();
        }
        addsUp(acknowledged);
    }

    private void restart(String name, Customers customers) {
        stack.stop(name);
        stack.start(name);
        customers.placeMore(20);
    }

    private void migrate(String statement) throws SQLException {
        String url = "jdbc:postgresql://" + stack.postgresHosts() + "/orders?targetServerType=primary";
        try (Connection connection = DriverManager.getConnection(url, "orders_migrator", "orders_migrator");
                Statement sql = connection.createStatement()) {
            sql.execute("SET lock_timeout = '5s'");
            sql.execute(statement);
        }
    }

    private void addsUp(List<Customers.Placed> acknowledged) {
        books.everyAcknowledgedOrderExistsOnce(acknowledged);
        await("every order to settle").atMost(SETTLED).untilAsserted(() -> books.agreeOn(acknowledged));
    }
}

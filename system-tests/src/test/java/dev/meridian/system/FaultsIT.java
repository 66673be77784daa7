package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.ComponentState;
import dev.meridian.local.Stack;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the system survives, each shown by doing it. */
@ExtendWith(RunningSystem.class)
class FaultsIT {

    private static final Duration SETTLED = Duration.ofSeconds(120);
    private static final String ORDER = Shop.order("TEA-001", 2, "tok_ok");

    private final Shop shop = Shop.open();
    private final Books books = Books.ofTheStack();

    @Test
    void anOrdersServiceIsKilledUnderLoad() throws Exception {
        Stack stack = RunningSystem.stack();
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 10, Duration.ofMillis(50))) {
            Thread.sleep(Duration.ofSeconds(4));
            int before = customers.placed().size();
            stack.kill("orders-service-dc1-1");
            Thread.sleep(Duration.ofSeconds(12));
            assertThat(customers.placed().size() - before)
                    .as("orders taken while one instance of two is dead")
                    .isGreaterThan(100);
            stack.start("orders-service-dc1-1");
            acknowledged = customers.finish();
        }

        assertThat(acknowledged)
                .allSatisfy(order -> assertThat(order.troubled())
                        .as("how long an order's client saw errors, after %d attempts", order.attempts())
                        .isLessThan(Duration.ofSeconds(3)));
        settlesAndAddsUp(acknowledged);
    }

    @Test
    void theWorkerIsKilledInTheMiddleOfItsWork() throws Exception {
        Stack stack = RunningSystem.stack();
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 20, Duration.ZERO)) {
            Thread.sleep(Duration.ofSeconds(3));
            stack.kill("worker-dc1-1");
            Thread.sleep(Duration.ofSeconds(2));
            acknowledged = customers.finish();
        }
        assertThat(books.countOfOrders("PLACED"))
                .as("orders that the worker left behind")
                .isPositive();

        stack.start("worker-dc1-1");

        settlesAndAddsUp(acknowledged);
    }

    @Test
    void kafkaIsAwayForTwentySeconds() throws Exception {
        Stack stack = RunningSystem.stack();
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 4, Duration.ofMillis(100))) {
            Thread.sleep(Duration.ofSeconds(3));
            stack.kill("kafka");
            int before = customers.placed().size();
            Thread.sleep(Duration.ofSeconds(20));
            assertThat(customers.placed().size() - before)
                    .as("orders taken without Kafka")
                    .isGreaterThan(200);
            stack.start("kafka");
            stack.await("kafka", ComponentState.UP, Duration.ofSeconds(60));
            acknowledged = customers.finish();
        }

        assertThat(acknowledged)
                .allSatisfy(order -> assertThat(order.attempts()).isEqualTo(1));
        settlesAndAddsUp(acknowledged);
    }

    @Test
    void everythingIsStoppedAndStartedAgain() throws Exception {
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 4, Duration.ofMillis(20))) {
            Thread.sleep(Duration.ofSeconds(2));
            acknowledged = customers.finish();
        }

        RunningSystem.restart();

        Shop reopened = Shop.open();
        for (Customers.Placed order : acknowledged) {
            assertThat(reopened.order(order.id()).status()).isEqualTo(200);
        }
        settlesAndAddsUp(acknowledged);
    }

    private void settlesAndAddsUp(List<Customers.Placed> acknowledged) {
        assertThat(acknowledged).isNotEmpty();
        books.everyAcknowledgedOrderExistsOnce(acknowledged);
        await("every order to settle").atMost(SETTLED).until(() -> books.countOfOrders("PLACED") == 0);
        await("the outbox to empty").atMost(SETTLED).untilAsserted(books::everythingAddsUp);
    }
}

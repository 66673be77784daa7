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

    /** Longer than a producer keeps a record. */
    private static final Duration AWAY = Duration.ofSeconds(10);

    private static final String ORDER = Shop.order("TEA-001", 2, "tok_ok");

    private final Shop shop = Shop.open();
    private final Books books = Books.ofTheStack();

    @Test
    void anOrdersServiceIsKilledUnderLoad() {
        Stack stack = RunningSystem.stack();
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 10, Duration.ofMillis(50))) {
            customers.placeMore(100);
            stack.kill("orders-service-dc1-1");
            customers.placeMore(300);
            acknowledged = customers.finish();
        }

        assertThat(acknowledged)
                .allSatisfy(order -> assertThat(order.troubled())
                        .as("how long an order's client saw errors, after %d attempts", order.attempts())
                        .isLessThan(Duration.ofSeconds(3)));
        settlesAndAddsUp(acknowledged);
    }

    @Test
    void theWorkerIsKilledInTheMiddleOfItsWork() {
        Stack stack = RunningSystem.stack();
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 20, Duration.ZERO)) {
            customers.placeMore(100);
            stack.kill("worker-dc1-1");
            customers.placeMore(100);
            acknowledged = customers.finish();
        }
        assertThat(books.countOfOrders("PLACED"))
                .as("orders that the worker left behind")
                .isPositive();

        stack.start("worker-dc1-1");

        settlesAndAddsUp(acknowledged);
    }

    @Test
    void kafkaIsAwayForLongerThanAProducerKeepsARecord() {
        Stack stack = RunningSystem.stack();
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 4, Duration.ofMillis(100))) {
            customers.placeMore(50);
            stack.kill("kafka");
            long killed = System.nanoTime();
            int before = customers.placed().size();
            await("orders for as long as Kafka is away")
                    .atMost(SETTLED)
                    .until(() -> System.nanoTime() - killed > AWAY.toNanos()
                            && customers.placed().size() > before + 100);
            stack.start("kafka");
            stack.await("kafka", ComponentState.UP, Duration.ofSeconds(60));
            acknowledged = customers.finish();
        }

        assertThat(acknowledged)
                .allSatisfy(order -> assertThat(order.attempts()).isEqualTo(1));
        settlesAndAddsUp(acknowledged);
    }

    @Test
    void everythingIsStoppedAndStartedAgain() {
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 4, Duration.ofMillis(20))) {
            customers.placeMore(100);
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

package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.Component;
import dev.meridian.local.PostgresRole;
import dev.meridian.local.Stack;
import dev.meridian.local.StackSettings;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The database's primary dies, its replica takes over, and nothing that a customer was told is lost. */
@ExtendWith(RunningSystem.class)
class PromotionIT {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration SETTLED = Duration.ofSeconds(120);
    private static final String ORDER = Shop.order("TEA-001", 2, "tok_ok");

    private final Shop shop = Shop.open();
    private final Books books = Books.ofTheStack();
    private final Stack stack = RunningSystem.stack();

    @BeforeEach
    void synchronously() {
        // Longer than a busy machine may keep the replica from reporting.
        stack.replicate(Duration.ofSeconds(30));
        theReplicaIsInStep();
    }

    /** Other tests find the roles as the names say, and the replication that development has. */
    @AfterEach
    void asBefore() {
        if (!name(PostgresRole.PRIMARY).equals("postgres-primary")) {
            stack.start("postgres-primary");
            theReplicaIsInStep();
            stack.promote();
        }
        stack.start("postgres-replica");
        stack.replicate(StackSettings.NO_WAIT);
    }

    @Test
    void thePrimaryIsKilledUnderLoadAndTheReplicaTakesOver() throws Exception {
        String former = name(PostgresRole.PRIMARY);
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 6, Duration.ofMillis(20))) {
            await("some orders").atMost(LIMIT).until(() -> customers.placed().size() > 50);
            stack.kill(former);
            stack.promote();
            int before = customers.placed().size();
            await("orders to be taken again")
                    .atMost(LIMIT)
                    .until(() -> customers.placed().size() > before + 50);
            acknowledged = customers.finish();
        }

        assertThat(name(PostgresRole.REPLICA)).isEqualTo(former);
        // Some were sent again, unless the promotion was over before anybody's patience was.
        assertThat(acknowledged)
                .allSatisfy(order -> assertThat(order.troubled())
                        .as("how long an order's client saw errors, after %d attempts", order.attempts())
                        .isLessThan(Duration.ofSeconds(30)));
        books.everyAcknowledgedOrderExistsOnce(acknowledged);
        await("every order to settle").atMost(SETTLED).until(() -> books.countOfOrders("PLACED") == 0);
        await("the outbox to empty").atMost(SETTLED).untilAsserted(books::everythingAddsUp);

        stack.start(former);
        theReplicaIsInStep();
        assertThat(stack.component(former).role()).isEqualTo(PostgresRole.REPLICA);
    }

    private void theReplicaIsInStep() {
        await("the replica to be in step").atMost(LIMIT).until(stack::isReplicaInStep);
    }

    private String name(PostgresRole role) {
        return stack.status().stream()
                .filter(component -> component.role() == role)
                .map(Component::name)
                .findFirst()
                .orElseThrow();
    }
}

package dev.meridian.orders.order;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.Api;
import dev.meridian.orders.RunningService;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

@RunningService
class OldestPlacedTest {

    private static final String NAME = "meridian.orders.oldest.placed";

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final MeterRegistry ofTheService;
    private final MeterRegistry metrics = new SimpleMeterRegistry();
    private final OldestPlaced oldest;

    @Autowired
    OldestPlacedTest(Orders orders, JdbcClient jdbc, TransactionTemplate transaction, MeterRegistry ofTheService) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.ofTheService = ofTheService;
        this.oldest = new OldestPlaced(orders, Clock.systemUTC(), metrics);
    }

    private double measured() {
        oldest.measure();
        return metrics.get(NAME).gauge().value();
    }

    @Test
    void itIsTheAgeOfTheOrderThatHasWaitedLongestInSeconds(@LocalServerPort int port) {
        Api api = new Api(port);
        String customer = "customer-" + UUID.randomUUID();
        String id =
                api.place(customer, Api.order("TEA-001", 1)).json().at("/id").asString();
        double year = Duration.ofDays(365).toSeconds();
        jdbc.sql("UPDATE orders SET placed_at = now() - interval '365 days' WHERE id = ?::uuid")
                .param(id)
                .update();

        assertThat(measured()).isBetween(year, year + Duration.ofHours(1).toSeconds());
        api.cancel(customer, id);
        assertThat(measured()).isLessThan(year);
    }

    /** In a transaction that sees no placed order, and is undone. */
    @Test
    void itIsZeroWhereNoneWaits() {
        transaction.executeWithoutResult(status -> {
            status.setRollbackOnly();
            jdbc.sql("UPDATE orders SET status = 'CANCELLED' WHERE status = 'PLACED'")
                    .update();

            assertThat(measured()).isZero();
        });
    }

    @Test
    void theServiceShowsIt() {
        assertThat(ofTheService.get(NAME).gauge().getId().getBaseUnit()).isEqualTo("seconds");
    }
}

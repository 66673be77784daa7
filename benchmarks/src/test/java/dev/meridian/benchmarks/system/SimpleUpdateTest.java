package dev.meridian.benchmarks.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.local.BackingServices;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SimpleUpdateTest {

    @Test
    void everyTransactionLeavesARowOfHistoryAndItsBalance() throws Exception {
        var primary = BackingServices.shared().postgresHosts().split(",")[0];
        try (var reference = SimpleUpdate.create(primary)) {
            var result = reference.run(4, Duration.ofMillis(300));

            assertThat(result.failures()).isZero();
            assertThat(result.calls()).isPositive();
            try (var connection = reference.connect("simple_update");
                    var statement = connection.createStatement();
                    var row = statement.executeQuery("""
                            SELECT (SELECT count(*) FROM pgbench_history), (SELECT sum(delta) FROM pgbench_history),
                                   (SELECT sum(abalance) FROM pgbench_accounts)""")) {
                row.next();
                assertThat(row.getLong(1)).isEqualTo(result.calls());
                assertThat(row.getLong(2)).isEqualTo(row.getLong(3));
            }
        }
    }
}

package dev.meridian.benchmarks.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.benchmarks.system.Usage.OfProcess;
import dev.meridian.benchmarks.system.Usage.Spent;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class UsageTest {

    @Test
    void sumsByNameWhatWasUsedSince() {
        var before = new Usage(Map.of(1L, process("service", 100, Map.of(10L, 5L)), 3L, process("ended", 7, Map.of())));
        var after = new Usage(Map.of(
                1L, process("service", 130, Map.of(10L, 9L, 11L, 2L)), // a thread more
                2L, process("service", 20, Map.of(20L, 1L)))); // a process more

        assertThat(after.since(before)).containsExactly(Map.entry("service", new Spent(Duration.ofMillis(50), 7)));
    }

    private static OfProcess process(String name, long millis, Map<Long, Long> switches) {
        return new OfProcess(name, Duration.ofMillis(millis), switches);
    }

    @Test
    void aThreadSwitchesByItselfAndIsSwitched() {
        assertThat(Usage.switches(Stream.of(
                        "Name:\tjava",
                        "Threads:\t31",
                        "voluntary_ctxt_switches:\t150",
                        "nonvoluntary_ctxt_switches:\t7")))
                .isEqualTo(157);
    }

    @Test
    void readsThisProcess() {
        long pid = ProcessHandle.current().pid();

        assertThat(Usage.now(Map.of(pid, "this", Long.MAX_VALUE, "gone")).processes())
                .containsOnlyKeys(pid)
                .allSatisfy((id, used) -> assertThat(used.cpu()).isPositive());
    }

    @Test
    void postgresTellsWhatItsProcessesWorkFor() {
        assertThat(Usage.purpose("postgres: fulfilment fulfilment 127.0.0.1(55690) idle"))
                .isEqualTo("fulfilment");
        assertThat(Usage.purpose("postgres: orders_service orders 127.0.0.1(55690) COMMIT"))
                .isEqualTo("orders");
        assertThat(Usage.purpose("postgres: walsender replicator 127.0.0.1(48720) streaming 0/3106A78"))
                .isEqualTo("replication");
        assertThat(Usage.purpose("postgres: walwriter")).isEqualTo("server");
        assertThat(Usage.purpose("/opt/postgres/bin/postgres -D /data")).isEqualTo("server");
    }
}

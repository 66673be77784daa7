package dev.meridian.system.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.system.faults.Fault.Kind;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ScheduleTest {

    private static final List<String> COMPONENTS = List.of("gateway", "kafka", "redis", "worker");

    @Test
    void theSameSeedIsTheSameSchedule() {
        assertThat(told(7, 100)).isEqualTo(told(7, 100)).isNotEqualTo(told(8, 100));
    }

    @Test
    void everyComponentHasItsTurnBeforeAnyHasItsNext() {
        Schedule schedule = new Schedule(7, COMPONENTS);
        for (int round = 0; round < 10; round++) {
            assertThat(IntStream.range(0, COMPONENTS.size())
                            .mapToObj(i -> schedule.next().component()))
                    .containsExactlyInAnyOrderElementsOf(COMPONENTS);
        }
    }

    @Test
    void everyKindOfFaultHappensAndLastsAsLongAsItMay() {
        Schedule schedule = new Schedule(7, COMPONENTS);
        List<Fault> faults =
                IntStream.range(0, 1_000).mapToObj(i -> schedule.next()).toList();

        assertThat(faults).extracting(Fault::kind).contains(Kind.values());
        assertThat(faults).allSatisfy(fault -> {
            switch (fault.kind()) {
                case KILL -> assertThat(fault.length()).isBetween(Duration.ZERO, Duration.ofSeconds(4));
                case PAUSE -> assertThat(fault.length()).isBetween(Duration.ofSeconds(2), Duration.ofSeconds(8));
                case RESTART -> assertThat(fault.length()).isZero();
            }
        });
    }

    private static List<String> told(long seed, int faults) {
        Schedule schedule = new Schedule(seed, COMPONENTS);
        return IntStream.range(0, faults)
                .mapToObj(i -> schedule.next() + ", then " + schedule.breather())
                .toList();
    }
}

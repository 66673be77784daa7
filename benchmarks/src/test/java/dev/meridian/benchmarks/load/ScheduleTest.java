package dev.meridian.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ScheduleTest {

    @Test
    void callsAreDueEvenlyFromTheStart() {
        var schedule = Schedule.of(1_000, 200, Duration.ofSeconds(3));

        assertThat(schedule.calls()).isEqualTo(600);
        assertThat(schedule.due(0)).isEqualTo(1_000);
        assertThat(schedule.due(1)).isEqualTo(1_000 + 5_000_000);
        assertThat(schedule.due(599)).isEqualTo(1_000 + 599 * 5_000_000L);
    }

    @Test
    void aRateThatDoesNotDivideASecondLosesNothingOverAnHour() {
        var schedule = Schedule.of(0, 7, Duration.ofHours(1));

        assertThat(schedule.calls()).isEqualTo(25_200);
        assertThat(schedule.due(25_200)).isEqualTo(Duration.ofHours(1).toNanos());
    }

    @Test
    void theClockMayBeginAnywhere() {
        var schedule = Schedule.of(Long.MAX_VALUE - 10, 1, Duration.ofSeconds(2));

        assertThat(schedule.due(1) - schedule.due(0)).isEqualTo(1_000_000_000);
    }

    @Test
    void nothingToDoIsAMistake() {
        assertThatIllegalArgumentException().isThrownBy(() -> Schedule.of(0, 0, Duration.ofSeconds(1)));
        assertThatIllegalArgumentException().isThrownBy(() -> Schedule.of(0, 1, Duration.ZERO));
    }
}

package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.system.faults.FaultRun;
import dev.meridian.system.faults.FaultSettings;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What nobody thought of beforehand: random faults under a mixed load, and every promise checked afterwards.
 *
 * <p>{@code -Dmeridian.faults.seed} repeats a schedule, {@code -Dmeridian.faults.minutes} sets its length.
 */
@ExtendWith(RunningSystem.class)
class RandomFaultsIT {

    private static final Path FOLDER = Path.of("target", "faults");

    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS) // the run is as long as asked for, and bounded in all that follows
    void everyPromiseIsKeptUnderAnySingleFault() throws Exception {
        FaultRun.Result result = FaultRun.on(RunningSystem.stack(), FaultSettings.fromSystemProperties(), FOLDER);

        assertThat(result.violations())
                .as("violations; the whole report is %s", result.report())
                .isEmpty();
    }
}

package dev.meridian.startup;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class StartRefusedReporterTest {

    private final StartRefusedReporter reporter = new StartRefusedReporter(null);

    @ParameterizedTest
    @ValueSource(strings = {"08001", "08006", "28P01", "3D000"})
    void aDatabaseThatLetsNobodyInIsOneLine(String state, CapturedOutput output) {
        var driver = new SQLException("The hostname\n  is another", state);
        assertThat(reporter.reportException(new IllegalStateException(new SQLException("pool", "08001", driver))))
                .isTrue();
        assertThat(output.getErr()).isEqualToIgnoringNewLines("The service does not start: The hostname is another");
    }

    @Test
    void anyOtherFailureKeepsItsStackTrace() {
        assertThat(reporter.reportException(new SQLException("relation \"products\" does not exist", "42P01")))
                .isFalse();
        assertThat(reporter.reportException(new SQLException("without a state")))
                .isFalse();
        assertThat(reporter.reportException(new IllegalStateException("a bug"))).isFalse();
    }
}

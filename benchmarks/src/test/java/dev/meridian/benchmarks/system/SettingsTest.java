package dev.meridian.benchmarks.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import org.junit.jupiter.api.Test;

class SettingsTest {

    @Test
    void lengthsAreGivenInSecondsAndMinutes() {
        assertThat(Settings.duration("90")).isEqualTo(Duration.ofSeconds(90));
        assertThat(Settings.duration("30s")).isEqualTo(Duration.ofSeconds(30));
        assertThat(Settings.duration("1m30s")).isEqualTo(Duration.ofSeconds(90));
        assertThatThrownBy(() -> Settings.duration("soon")).isInstanceOf(DateTimeParseException.class);
    }
}

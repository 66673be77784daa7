package dev.meridian.benchmarks.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MemoryTest {

    @Test
    void readsWhatTheKernelSums() {
        assertThat(Memory.pssMebibytes(Stream.of(
                        "00400000-7ffd2bff0000 ---p 00000000 00:00 0                          [rollup]",
                        "Rss:               10240 kB",
                        "Pss:                5120 kB",
                        "Pss_Dirty:          1024 kB",
                        "Shared_Clean:       2048 kB")))
                .isEqualTo(5);
    }

    @Test
    void aProcessThatIsGoneHasNone() {
        assertThat(Memory.byName(Map.of(Long.MAX_VALUE, "gone"))).containsExactly(Map.entry("gone", 0.0));
    }
}

package dev.meridian.benchmarks.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MemoryTest {

    @Test
    void readsWhatTheKernelSums() {
        var memory = Memory.parse(Stream.of(
                "00400000-7ffd2bff0000 ---p 00000000 00:00 0                          [rollup]",
                "Rss:               10240 kB",
                "Pss:                5120 kB",
                "Pss_Dirty:          1024 kB",
                "Shared_Clean:       2048 kB"));

        assertThat(memory.rssMebibytes()).isEqualTo(10);
        assertThat(memory.pssMebibytes()).isEqualTo(5);
        assertThat(memory.plus(memory).rssMebibytes()).isEqualTo(20);
    }

    @Test
    void aProcessThatIsGoneHasNone() {
        assertThat(Memory.of(Long.MAX_VALUE).orElse(Memory.NONE)).isEqualTo(Memory.NONE);
    }
}

package dev.meridian.local.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PlatformTest {

    @Test
    void knowsWhereThereAreBinaries() {
        assertThat(Platform.of("Linux", "amd64").postgresArchive()).isEqualTo("postgres-linux-x86_64.txz");
        assertThat(Platform.of("Linux", "aarch64").postgresArchive()).isEqualTo("postgres-linux-arm_64.txz");
        assertThat(Platform.of("Mac OS X", "x86_64").redisBinary()).isEqualTo("redis-server-7.0.15-darwin-amd64");
        assertThat(Platform.of("Mac OS X", "aarch64").redisBinary()).isEqualTo("redis-server-7.0.15-darwin-arm64");
    }

    @Test
    void saysWhatToDoElsewhere() {
        assertThatThrownBy(() -> Platform.of("Windows 11", "amd64")).hasMessageContaining("WSL");
        assertThatThrownBy(() -> Platform.of("SunOS", "amd64")).hasMessageContaining("not on SunOS");
        assertThatThrownBy(() -> Platform.of("Linux", "riscv64")).hasMessageContaining("riscv64");
    }
}

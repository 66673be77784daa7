package dev.meridian.local.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PortsTest {

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "0.0.0.0"})
    void fallsBackWhenThePreferredPortIsTaken(String listener) throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getByName(listener))) {
            assertThat(Ports.isFree(other.getLocalPort())).isFalse();
            assertThat(Ports.preferring(other.getLocalPort())).isNotEqualTo(other.getLocalPort());
        }
    }

    @Test
    void givesNoPortTwice() {
        int port = Ports.free();

        assertThat(Ports.preferring(port)).isNotEqualTo(port);
    }
}

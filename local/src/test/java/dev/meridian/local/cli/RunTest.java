package dev.meridian.local.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.local.DataFolder;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class RunTest {

    @TempDir
    private Path data = Path.of("");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "status",
                "kill kafka",
                "pause kafka",
                "resume kafka",
                "start kafka",
                "stop kafka",
                "stop",
                "promote",
                "backup all.tar"
            })
    void aCommandWithoutAStackIsOneLine(String command) {
        assertOneLine(1, "No stack runs on the data folder " + data + ".", command + " --data " + data);
    }

    @Test
    void aTakenPortIsOneLine() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = other.getLocalPort();
            assertOneLine(
                    1,
                    "The port " + port + " of the front door is taken; choose another with --port.",
                    "--data " + data + " --port " + port);
        }
        DataFolder.open(data).close(); // it is not held
    }

    @Test
    void anImpossiblePortIsOneLine() {
        assertOneLine(1, "Not a port: 70000.", "--data " + data + " --port 70000");
    }

    private static void assertOneLine(int exit, String message, String arguments) {
        StringWriter err = new StringWriter();
        CommandLine run = Run.commandLine().setErr(new PrintWriter(err, true));

        assertThat(run.execute(arguments.split(" "))).isEqualTo(exit);
        assertThat(err.toString().lines()).containsExactly(message);
    }
}

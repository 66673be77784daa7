package dev.meridian.benchmarks.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunningSystemTest {

    /** Stands in for a checkout's command: one child, which is a component. */
    private static final String RUN = """
            #!/usr/bin/env bash
            if [ "$1" = status ]; then
              printf '[{"name":"gateway-dc1-1","pid":%s,"address":"http://127.0.0.1:1","state":"UP"}]' "$(cat "$4/pid")"
              exit
            fi
            sleep 600 &
            child=$!
            echo $child > "$2/pid"
            trap 'kill $child; exit 0' TERM
            echo "Ready: http://localhost:$4"
            wait
            """;

    @TempDir
    private Path checkout;

    private RunningSystem start(String run) throws IOException, InterruptedException {
        var command = Files.writeString(checkout.resolve("run"), run);
        assertThat(command.toFile().setExecutable(true)).isTrue();
        return RunningSystem.start(checkout, checkout.resolve("data"), true);
    }

    @Test
    void knowsItsProcessesAndEndsThem() throws Exception {
        try (var system = start(RUN)) {
            assertThat(system.frontDoor()).hasScheme("http").hasHost("localhost");
            assertThat(system.addresses("gateway")).containsExactly(URI.create("http://127.0.0.1:1"));
            assertThat(system.processes().values()).contains("gateway", "the command run");
            var child = ProcessHandle.of(system.components("gateway").getFirst().pid());

            system.end();

            assertThat(child)
                    .hasValueSatisfying(
                            process -> assertThat(process.onExit()).succeedsWithin(java.time.Duration.ofSeconds(30)));
        }
    }

    @Test
    void aSystemThatDoesNotGetReadySaysWhy() {
        assertThatIOException()
                .isThrownBy(() -> start("#!/usr/bin/env bash\necho 'run: a JDK 25 is needed.' >&2\nexit 1\n"))
                .withMessageContaining("a JDK 25 is needed");
    }
}

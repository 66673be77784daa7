package dev.meridian.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildTest {

    @TempDir
    private Path folder = Path.of("");

    @Test
    void aProgramThatDiesWhileItStartsIsNamedWithItsLastWords() throws Exception {
        Child child = redis("echo starting; echo 'FATAL: no memory'; exit 3");

        assertThatThrownBy(() -> child.start(Duration.ofSeconds(10), () -> false))
                .isInstanceOf(StackException.class)
                .hasMessage("redis-dc1 ended with status 3 during the start; its log " + folder.resolve("redis.log")
                        + " says: FATAL: no memory");
    }

    @Test
    void aProgramThatNeverServesIsEnded() throws Exception {
        Child child = redis("exec sleep 600");

        assertThatThrownBy(() -> child.start(Duration.ofMillis(500), () -> false))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("did not become ready in time");
        assertThat(child.process()).isEmpty();
        assertThat(child.state()).isEqualTo(ComponentState.DOWN);
    }

    @Test
    void aStartThatWasGivenUpLeavesNothing() throws Exception {
        Child child = redis("exec sleep 600");

        assertThatThrownBy(() -> child.start(Duration.ofSeconds(10), () -> true))
                .isInstanceOf(StackException.class);
        assertThat(child.process()).isEmpty();
    }

    private Child redis(String script) throws Exception {
        Path server = Files.writeString(folder.resolve("redis-server"), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(server, PosixFilePermissions.fromString("rwxr-xr-x"));
        Program program =
                new Redis(Datacenter.DC1, server, folder.resolve("redis.conf"), folder, new Address(Ports.free()));
        return new Child(program, folder, new LogFile(folder.resolve("redis.log")), new Quiet());
    }
}

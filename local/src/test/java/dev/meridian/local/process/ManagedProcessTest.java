package dev.meridian.local.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.meridian.local.ComponentState;
import dev.meridian.local.StackException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManagedProcessTest {

    @TempDir
    private Path folder = Path.of("");

    @Test
    void aProgramThatDiesWhileItStartsIsNamedWithItsLastWords() {
        ManagedProcess process = process("echo starting; echo 'FATAL: no memory'; exit 3");

        assertThatThrownBy(() -> process.start(Duration.ofSeconds(10), () -> false))
                .isInstanceOf(StackException.class)
                .hasMessage("program ended on its own with status 3; its log " + folder.resolve("program.log")
                        + " says: FATAL: no memory");
    }

    @Test
    void aProgramThatNeverServesIsEnded() {
        ManagedProcess process = process("exec sleep 600");

        assertThatThrownBy(() -> process.start(Duration.ofMillis(500), () -> false))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("did not become ready in time");
        assertThat(process.process()).isEmpty();
        assertThat(process.state()).isEqualTo(ComponentState.DOWN);
    }

    @Test
    void aStartThatWasGivenUpLeavesNothing() {
        ManagedProcess process = process("exec sleep 600");

        assertThatThrownBy(() -> process.start(Duration.ofSeconds(10), () -> true))
                .isInstanceOf(StackException.class);
        assertThat(process.process()).isEmpty();
    }

    private ManagedProcess process(String script) {
        return new ManagedProcess(
                new Script(script), folder, new LogFile(folder.resolve("program.log")), () -> {}, death -> {});
    }

    /** A program that is never ready. */
    private record Script(String text) implements Program {

        @Override
        public String name() {
            return "program";
        }

        @Override
        public String type() {
            return "other";
        }

        @Override
        public String address() {
            return "";
        }

        @Override
        public List<String> command() {
            return List.of("sh", "-c", text);
        }

        @Override
        public boolean ready() {
            return false;
        }
    }
}

package dev.meridian.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.meridian.local.process.OsProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFolderTest {

    @TempDir
    private Path folder = Path.of("");

    @Test
    void refusesWhatIsNotAFolder() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));

        assertThatThrownBy(() -> DataFolder.open(file))
                .isInstanceOf(StackException.class)
                .hasMessageContaining(file.toString());
        assertThatThrownBy(() -> DataFolder.open(file.resolve("below")))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("Cannot write to the data folder");
    }

    @Test
    void refusesAFolderThatCannotBeWritten() {
        // Not even root writes there.
        Path unwritable = Files.isDirectory(Path.of("/proc")) ? Path.of("/proc/meridian") : Path.of("/dev/meridian");

        assertThatThrownBy(() -> DataFolder.open(unwritable))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("Cannot write to the data folder " + unwritable);
    }

    @Test
    void refusesAFolderThatIsNearlyFull() {
        assertThatThrownBy(() -> DataFolder.open(folder, Long.MAX_VALUE))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("MiB left");
    }

    @Test
    void isHeldByOneSupervisorAtATime() {
        DataFolder held = DataFolder.open(folder);

        assertThatThrownBy(() -> DataFolder.open(folder)).hasMessageContaining("Another stack runs");

        held.close();
        DataFolder.open(folder).close();
    }

    @Test
    void wipesOnlyWhatProgramsKeepThere() throws Exception {
        Path theirs = Files.createFile(folder.resolve("holiday.jpg"));
        Path ours = Files.createDirectories(folder.resolve("kafka/log"));
        try (DataFolder data = DataFolder.open(folder)) {
            data.wipe(List.of("kafka"));
        }

        assertThat(theirs).exists();
        assertThat(ours).doesNotExist();
    }

    @Test
    void endsWhatACrashedSupervisorLeft() throws Exception {
        Process left = new ProcessBuilder("sleep", "600").start();
        leaveBehind(OsProcess.of(left.toHandle()));

        try (DataFolder data = DataFolder.open(folder)) {
            data.endLeftovers();
        }

        // What has ended is there until this JVM has noticed.
        assertThat(left.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void leavesAProcessAloneThatOnlyHasTheSameId() throws Exception {
        Process stranger = new ProcessBuilder("sleep", "600").start();
        leaveBehind(new OsProcess(stranger.pid(), Instant.now().minus(Duration.ofDays(1))));

        try (DataFolder data = DataFolder.open(folder)) {
            data.endLeftovers();
        }

        assertThat(stranger.isAlive()).isTrue();
        stranger.destroyForcibly();
    }

    @Test
    void takesAStateThatWasCutShortForNone() throws Exception {
        Files.writeString(folder.resolve("state.json"), "{\"process\":{\"pi");

        try (DataFolder data = DataFolder.open(folder)) {
            data.endLeftovers();
        }
    }

    private void leaveBehind(OsProcess process) throws Exception {
        DataFolder data = DataFolder.open(folder);
        data.record(new DataFolder.Supervisor(OsProcess.of(ProcessHandle.current()), "", List.of(process)));
        Path state = folder.resolve("state.json");
        assertThat(Files.getPosixFilePermissions(state)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        byte[] written = Files.readAllBytes(state);
        data.close(); // an orderly end removes it
        Files.write(state, written);
    }
}

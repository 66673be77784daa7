package dev.meridian.local.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogFileTest {

    @Test
    void takesTheDeepestCause() {
        assertThat(LogFile.reason(List.of(
                        "Exception in thread main",
                        "Caused by: outer",
                        "\tat a.b.C",
                        "Caused by: inner",
                        "\t... 12 more",
                        "Shutting down")))
                .isEqualTo("Caused by: inner");
    }

    @Test
    void takesSpringBootsDiagnosis() {
        assertThat(LogFile.reason(List.of(
                        "Caused by: noise",
                        "APPLICATION FAILED TO START",
                        "",
                        "Description:",
                        "",
                        "Port 1 in use.",
                        "",
                        "Action:",
                        "",
                        "Do.")))
                .isEqualTo("Port 1 in use.");
    }

    @Test
    void takesTheLastComplaintOrElseTheLastLine() {
        assertThat(LogFile.reason(List.of("LOG: starting", "FATAL: no space", "LOG: bye")))
                .isEqualTo("FATAL: no space");
        assertThat(LogFile.reason(List.of("one", "two", ""))).isEqualTo("two");
        assertThat(LogFile.reason(List.of())).isEmpty();
    }

    @Test
    void looksOnlyAtWhatWasSaidSince(@TempDir Path folder) throws Exception {
        LogFile log = new LogFile(folder.resolve("a.log"));
        Files.writeString(log.path(), "FATAL: of an earlier run\n");
        long before = log.size();
        Files.writeString(log.path(), "just a line\n", java.nio.file.StandardOpenOption.APPEND);

        assertThat(log.reasonSince(before)).isEqualTo("just a line");
    }

    @Test
    void putsALargeLogAside(@TempDir Path folder) throws Exception {
        LogFile log = new LogFile(folder.resolve("a.log"));
        Files.write(log.path(), new byte[5 * 1024 * 1024]);

        log.rollOver();

        assertThat(log.path()).doesNotExist();
        assertThat(folder.resolve("a.log.1")).exists();
    }
}

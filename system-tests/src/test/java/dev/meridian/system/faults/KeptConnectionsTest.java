package dev.meridian.system.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptConnectionsTest {

    @Test
    void whatWasReportedAndDidNotReturnIsKept(@TempDir Path folder) throws IOException {
        Path log = Files.write(
                folder.resolve("orders-service-dc1-1.log"),
                List.of(
                        "WARN 7 --- ProxyLeakTask : Connection leak detection triggered for org.postgresql.jdbc.PgConnection@1 on thread outbox-relay, stack trace follows",
                        "WARN 7 --- ProxyLeakTask : Connection leak detection triggered for org.postgresql.jdbc.PgConnection@2 on thread scheduling-1, stack trace follows",
                        "INFO 7 --- ProxyLeakTask : Previously reported leaked connection org.postgresql.jdbc.PgConnection@1 on thread outbox-relay was returned to the pool (unleaked)"));

        assertThat(KeptConnections.in(log))
                .containsExactly("orders-service-dc1-1.log: org.postgresql.jdbc.PgConnection@2");
    }

    @Test
    void aProcessWithoutALogHasNone(@TempDir Path folder) throws IOException {
        assertThat(KeptConnections.in(folder.resolve("none.log"))).isEmpty();
    }
}

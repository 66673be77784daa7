package dev.meridian.orders.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Callable;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** Which of two connections a read gets. The pools are fakes: each has one connection. */
class ReaderDataSourceTest {

    private static final Position SEEN = new Position(1, 50);

    private final Connection onReplica = mock();
    private final Connection onPrimary = mock();
    private final DataSource reader = mock();
    private final DataSource writer = mock();
    private final Replica replica = new Replica(Duration.ofMinutes(1), Duration.ofMinutes(1), System::nanoTime);
    private final ReaderDataSource connections =
            new ReaderDataSource(reader, writer, replica, new SimpleMeterRegistry());

    @BeforeEach
    void connect() throws SQLException {
        when(reader.getConnection()).thenReturn(onReplica);
        when(writer.getConnection()).thenReturn(onPrimary);
        when(onReplica.unwrap(PGConnection.class)).thenReturn(mock());
        hasReached(100);
    }

    private void hasReached(long lsn) {
        replica.replicaAnswered(new Position(1, lsn), System.nanoTime());
    }

    private Connection forOneWhoHasSeen(@Nullable Position position) throws Exception {
        Callable<Connection> read = connections::getConnection;
        return Horizon.at(position).call(read);
    }

    @Test
    void aConnectionIsOnlyTrustedWithAPositionThatTheReplicaNamedSinceItWasMade() throws Exception {
        assertThat(forOneWhoHasSeen(SEEN)).isSameAs(onPrimary);
        verify(onReplica).close();

        hasReached(100);
        assertThat(forOneWhoHasSeen(SEEN)).isSameAs(onReplica);
    }

    @Test
    void whoHasSeenNothingTakesWhatIsThere() throws Exception {
        assertThat(forOneWhoHasSeen(null)).isSameAs(onReplica);
    }

    @Test
    void whoHasSeenMoreThanTheReplicaHasGoesToThePrimary() throws Exception {
        forOneWhoHasSeen(null);
        hasReached(100);

        assertThat(forOneWhoHasSeen(new Position(1, 101))).isSameAs(onPrimary);
    }

    @Test
    void withoutAConnectionToTheReplicaThePrimaryIsRead() throws Exception {
        when(reader.getConnection()).thenThrow(new SQLException("The replica is away"));

        assertThat(forOneWhoHasSeen(null)).isSameAs(onPrimary);
        assertThat(replica.serves()).isFalse();
    }

    @Test
    void aConnectionThatFailsAtOnceGoesBackToItsPool() throws Exception {
        when(onReplica.unwrap(PGConnection.class)).thenThrow(new SQLException("It is closed"));

        assertThat(forOneWhoHasSeen(null)).isSameAs(onPrimary);
        verify(onReplica).close();
    }
}

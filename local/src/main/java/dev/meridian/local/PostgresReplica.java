package dev.meridian.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The PostgreSQL that streams from the primary, through a slot, so that the primary keeps what it has not seen. */
record PostgresReplica(Datacenter datacenter, PostgresServer server, PostgresServer primary) implements Program {

    static final String NAME = "postgres-replica";

    private static final String SLOT = "postgres_replica";

    private static final Duration BACKUP_LIMIT = Duration.ofMinutes(2);

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public ComponentType type() {
        return ComponentType.DATABASE;
    }

    @Override
    public String address() {
        return server.address().toString();
    }

    @Override
    public List<String> after() {
        return List.of(PostgresPrimary.NAME);
    }

    @Override
    public void prepare() throws IOException {
        if (!server.isComplete() || hasLostItsPlace()) {
            Folders.delete(server.cluster());
            copyPrimary();
        }
        server.forgetDeadServer();
        server.configure(Map.of(
                "primary_conninfo",
                "host=" + Address.HOST + " port=" + primary.address().port() + " user=" + PostgresServer.REPLICATOR
                        + " password=" + PostgresServer.REPLICATOR + " application_name=" + NAME
                        // A primary that is gone is noticed and looked for again.
                        + " connect_timeout=2 tcp_user_timeout=5000",
                "primary_slot_name",
                SLOT,
                "wal_retrieve_retry_interval",
                "500ms"));
    }

    /**
     * Whether the primary no longer has the WAL that comes next for this replica. A primary that is down cannot say;
     * then the replica starts with what it has.
     */
    private boolean hasLostItsPlace() {
        try (Connection connection = primary.connect("postgres", Duration.ofSeconds(2))) {
            return !"kept".equals(slotState(connection));
        } catch (SQLException e) {
            return false;
        }
    }

    private static String slotState(Connection connection) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(
                "SELECT CASE wal_status WHEN 'lost' THEN 'lost' ELSE 'kept' END FROM pg_replication_slots"
                        + " WHERE slot_name = ?")) {
            query.setString(1, SLOT);
            try (ResultSet row = query.executeQuery()) {
                return row.next() ? row.getString(1) : "missing";
            }
        }
    }

    /** A base backup by the primary's own functions, since its binaries come without pg_basebackup. */
    private void copyPrimary() throws IOException {
        try (Connection connection = primary.connect("postgres", BACKUP_LIMIT)) {
            String slot = slotState(connection);
            if (slot.equals("lost")) {
                call(connection, "SELECT pg_drop_replication_slot(?)", SLOT);
            }
            if (!slot.equals("kept")) {
                // Reserves WAL from here on, so that all that follows the copy is still there.
                call(connection, "SELECT pg_create_physical_replication_slot(?, true)", SLOT);
            }
            call(connection, "SELECT pg_backup_start(?, fast => true)", NAME);
            copyFiles();
            String label = call(connection, "SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)", null);
            Files.writeString(server.cluster().resolve("backup_label"), label);
            Files.createFile(server.cluster().resolve("standby.signal"));
            server.markComplete();
        } catch (SQLException e) {
            throw new StackException("Cannot copy the primary for the replica: " + e.getMessage(), e);
        }
    }

    private static String call(Connection connection, String sql, @Nullable String argument) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            if (argument != null) {
                statement.setString(1, argument);
            }
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return String.valueOf(row.getString(1));
            }
        }
    }

    private void copyFiles() throws IOException {
        Path from = primary.cluster();
        Folders.createPrivate(server.cluster());
        try (Stream<Path> files = Files.walk(from)) {
            for (Path source : (Iterable<Path>) files.skip(1)::iterator) {
                Path relative = from.relativize(source);
                if (!PostgresServer.belongsToOneServer(relative)) {
                    copy(source, server.cluster().resolve(relative));
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        Folders.createPrivate(server.cluster().resolve("pg_wal"));
        Folders.createPrivate(server.cluster().resolve("pg_replslot"));
    }

    private static void copy(Path source, Path target) throws IOException {
        try {
            if (Files.isDirectory(source)) {
                Folders.createPrivate(target);
            } else {
                Files.copy(source, target);
            }
        } catch (NoSuchFileException e) {
            // Dropped while we were copying: the WAL that follows says so too.
        }
    }

    @Override
    public Launch launch() {
        return server.launch();
    }

    @Override
    public boolean ready() {
        return server.answers(true);
    }

    @Override
    public Signal farewell() {
        return Signal.INT;
    }
}

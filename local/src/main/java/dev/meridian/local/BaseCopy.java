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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How a replica comes to its data: a base backup by the primary's own functions, since its binaries come without
 * pg_basebackup, and from there on a slot, so that the primary keeps what the replica has not seen.
 */
record BaseCopy(PostgresServer primary, PostgresServer replica) {

    private static final Duration BACKUP_LIMIT = Duration.ofMinutes(2);

    /** The name of the slot that a server streams through. */
    static String slot(PostgresServer replica) {
        return replica.name().replace('-', '_');
    }

    /**
     * Whether the primary no longer has the WAL that comes next for this replica. A primary that is down cannot say;
     * then the replica starts with what it has.
     */
    boolean hasLostItsPlace() {
        try (Connection connection = primary.connect("postgres", Duration.ofSeconds(2))) {
            return !"kept".equals(slotState(connection));
        } catch (SQLException e) {
            return false;
        }
    }

    private String slotState(Connection connection) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(
                "SELECT CASE wal_status WHEN 'lost' THEN 'lost' ELSE 'kept' END FROM pg_replication_slots"
                        + " WHERE slot_name = ?")) {
            query.setString(1, slot(replica));
            try (ResultSet row = query.executeQuery()) {
                return row.next() ? row.getString(1) : "missing";
            }
        }
    }

    /**
     * Replaces whatever data the replica has by the primary's.
     *
     * @throws StackException when there is no primary to copy; the replica's data are as they were then
     */
    void take(int term) throws IOException {
        try (Connection connection = primary.connect("postgres", BACKUP_LIMIT)) {
            if (call(connection, "SELECT pg_is_in_recovery()", null).equals("t")) {
                throw new StackException(primary.name() + " does not take writes yet, so " + replica.name()
                        + " cannot follow it: `promote` finishes its promotion.");
            }
            Folders.delete(replica.cluster());
            String slot = slotState(connection);
            if (slot.equals("lost")) {
                call(connection, "SELECT pg_drop_replication_slot(?)", slot(replica));
            }
            if (!slot.equals("kept")) {
                // Reserves WAL from here on, so that all that follows the copy is still there.
                call(connection, "SELECT pg_create_physical_replication_slot(?, true)", slot(replica));
            }
            call(connection, "SELECT pg_backup_start(?, fast => true)", replica.name());
            copyFiles();
            String label = call(connection, "SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)", null);
            Files.writeString(replica.cluster().resolve("backup_label"), label);
            replica.fence();
            replica.markComplete(term);
        } catch (SQLException e) {
            throw new StackException(
                    "Cannot copy " + primary.name() + " for " + replica.name() + ": " + e.getMessage(), e);
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
        Path to = replica.cluster();
        Folders.createPrivate(to);
        try (Stream<Path> files = Files.walk(from)) {
            for (Path source : (Iterable<Path>) files.skip(1)::iterator) {
                Path relative = from.relativize(source);
                if (!PostgresServer.belongsToOneServer(relative)) {
                    copy(source, to.resolve(relative));
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        Folders.createPrivate(to.resolve("pg_wal"));
        Folders.createPrivate(to.resolve("pg_replslot"));
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
}

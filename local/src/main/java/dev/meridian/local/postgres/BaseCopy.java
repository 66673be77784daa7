package dev.meridian.local.postgres;

import static dev.meridian.local.postgres.PostgresServer.ask;

import dev.meridian.local.Folders;
import dev.meridian.local.StackException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.stream.Stream;

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
        try (Connection connection = primary.connect(Duration.ofSeconds(2))) {
            return !slotState(connection).equals("kept");
        } catch (SQLException e) {
            return false;
        }
    }

    /** Kept or lost; empty when there is none. */
    private String slotState(Connection connection) throws SQLException {
        return ask(
                connection,
                "SELECT CASE wal_status WHEN 'lost' THEN 'lost' ELSE 'kept' END FROM pg_replication_slots"
                        + " WHERE slot_name = ?",
                slot(replica));
    }

    /**
     * Replaces all data of the replica by the primary's.
     *
     * @throws StackException when there is no primary to copy; the replica's data are as they were then
     */
    void take(int term) throws IOException {
        try (Connection connection = primary.connect(BACKUP_LIMIT)) {
            if (PostgresServer.isInRecovery(connection)) {
                throw new StackException(primary.name() + " does not take writes yet, so " + replica.name()
                        + " cannot follow it: `promote` finishes its promotion.");
            }
            Folders.delete(replica.cluster());
            String slot = slotState(connection);
            if (slot.equals("lost")) {
                ask(connection, "SELECT pg_drop_replication_slot(?)", slot(replica));
            }
            if (!slot.equals("kept")) {
                // Reserves WAL from here on, so that all that follows the copy is still there.
                ask(connection, "SELECT pg_create_physical_replication_slot(?, true)", slot(replica));
            }
            ask(connection, "SELECT pg_backup_start(?, fast => true)", replica.name());
            copyFiles();
            String label = ask(connection, "SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)");
            Files.writeString(replica.cluster().resolve("backup_label"), label);
            replica.fence();
            replica.markComplete(term);
        } catch (SQLException e) {
            throw new StackException(
                    "Cannot copy " + primary.name() + " for " + replica.name() + ": " + e.getMessage(), e);
        }
    }

    private void copyFiles() throws IOException {
        Path from = primary.cluster();
        Path to = Folders.createPrivate(replica.cluster());
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

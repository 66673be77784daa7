package dev.meridian.local.postgres;

import static dev.meridian.local.postgres.PostgresServer.ask;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.meridian.local.StackException;
import dev.meridian.local.process.Commands;
import dev.meridian.local.process.Folders;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.core.NativeQuery;
import org.postgresql.core.Parser;

/**
 * How a server comes to its data: an empty cluster with the roles and databases that everything else needs, or a copy of
 * the primary.
 */
record ClusterData(PostgresServer server) {

    private static final Duration BACKUP_LIMIT = Duration.ofMinutes(2);

    /** Replaces what an interrupted attempt left. */
    void makeEmpty() throws IOException {
        Folders.delete(server.cluster());
        Folders.createPrivate(server.cluster());
        server.user().own(server.cluster());
        Path password = Files.createTempFile("meridian", ".password");
        try {
            Files.writeString(password, PostgresServer.SUPERUSER, UTF_8);
            server.user().own(password);
            List<String> command = new ArrayList<>(server.user().prefix());
            command.add(server.binaries().resolve("bin/initdb").toString());
            command.addAll(List.of("--pgdata=" + server.cluster(), "--pwfile=" + password));
            command.addAll(List.of("--username=" + PostgresServer.SUPERUSER, "--auth=scram-sha-256"));
            command.addAll(List.of("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"));
            // The marker of completeness covers an interrupted start; the server syncs from there on.
            command.addAll(List.of("--encoding=UTF8", "--no-sync"));
            Commands.require("make a cluster with initdb", command);
        } finally {
            Files.deleteIfExists(password);
        }
    }

    /** Creates roles and databases; every role that may log in gets its own name as its password. */
    void fill() throws IOException {
        Path initialisation = server.edge().resolve("init.sql");
        try (Connection connection = server.connect(Duration.ofSeconds(30));
                Statement statement = connection.createStatement()) {
            String script = Files.readString(initialisation);
            // One by one: CREATE DATABASE refuses to share a request.
            for (NativeQuery query : Parser.parseJdbcSql(script, true, false, true, false, false)) {
                statement.execute(query.nativeSql);
            }
            statement.execute("""
                    DO $$ DECLARE role name; BEGIN
                      FOR role IN SELECT rolname FROM pg_authid WHERE rolcanlogin AND rolpassword IS NULL LOOP
                        EXECUTE format('ALTER ROLE %I PASSWORD %L', role, role);
                      END LOOP;
                    END $$""");
        } catch (SQLException e) {
            throw new StackException("Cannot run " + initialisation + ": " + e.getMessage(), e);
        }
        server.markComplete(0);
    }

    /** The name of the slot that a server streams through. */
    static String slot(PostgresServer replica) {
        return replica.name().replace('-', '_');
    }

    /**
     * Whether the primary no longer has the WAL that comes next for this server. A primary that is down cannot say;
     * then the replica starts with what it has.
     */
    boolean hasLostItsPlace(PostgresServer primary) {
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
                slot(server));
    }

    /**
     * Replaces all data by the primary's: a base backup by the primary's own functions, since the binaries come without
     * pg_basebackup, and from there on a slot, so that the primary keeps what the replica has not seen. The former data
     * go once the copy is whole.
     *
     * @throws StackException when there is no primary to copy; the replica's data are as they were then
     */
    void copy(PostgresServer primary, int term) throws IOException {
        try (Connection connection = primary.connect(BACKUP_LIMIT)) {
            if (PostgresServer.isInRecovery(connection)) {
                throw new StackException(primary.name() + " does not take writes yet, so " + server.name()
                        + " cannot follow it: `promote` finishes its promotion.");
            }
            Path incoming = server.cluster().resolveSibling(PostgresPair.FOLDER).resolve(server.name());
            Folders.delete(incoming);
            String slot = slotState(connection);
            if (slot.equals("lost")) {
                ask(connection, "SELECT pg_drop_replication_slot(?)", slot(server));
            }
            if (!slot.equals("kept")) {
                // Reserves WAL from here on, so that all that follows the copy is still there.
                ask(connection, "SELECT pg_create_physical_replication_slot(?, true)", slot(server));
            }
            ask(connection, "SELECT pg_backup_start(?, fast => true)", server.name());
            copyFiles(primary.cluster(), incoming);
            String label = ask(connection, "SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)");
            Files.writeString(incoming.resolve("backup_label"), label);
            Files.deleteIfExists(server.cluster().resolve(PostgresServer.COMPLETE)); // first: half of it is none
            Folders.delete(server.cluster());
            Files.move(incoming, server.cluster());
            server.fence();
            server.markComplete(term);
        } catch (SQLException e) {
            throw new StackException(
                    "Cannot copy " + primary.name() + " for " + server.name() + ": " + e.getMessage(), e);
        }
    }

    /** All but what belongs to one server alone, its WAL among it. */
    static void copyFiles(Path from, Path to) throws IOException {
        Folders.createPrivate(to);
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                if (!folder.equals(from)) {
                    copy(folder);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                copy(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE; // as below
                }
                throw failure;
            }

            private void copy(Path source) throws IOException {
                Path relative = from.relativize(source);
                if (!belongsToOneServer(relative)) {
                    copyFile(source, to.resolve(relative));
                }
            }
        });
        Folders.createPrivate(to.resolve("pg_wal"));
        Folders.createPrivate(to.resolve("pg_replslot"));
    }

    static void copyFile(Path source, Path target) throws IOException {
        try {
            if (Files.isDirectory(source)) {
                Folders.createPrivate(target);
            } else {
                Files.copy(source, target);
            }
        } catch (NoSuchFileException e) {
            if (Files.exists(source)) {
                throw e;
            }
            // Dropped while we were copying: the WAL that follows says so too.
        }
    }

    /** Files of a cluster that a copy of it must not have. */
    private static boolean belongsToOneServer(Path relative) {
        String top = relative.getName(0).toString();
        return top.startsWith(PostgresServer.COMPLETE)
                || top.equals(PostgresServer.STANDBY)
                || top.startsWith("backup_label")
                || top.startsWith("postmaster.")
                || relative.getNameCount() > 1
                        && List.of("pg_wal", "pg_replslot").contains(top);
    }
}

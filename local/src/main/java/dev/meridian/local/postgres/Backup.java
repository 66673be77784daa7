package dev.meridian.local.postgres;

import static dev.meridian.local.postgres.PostgresServer.ask;

import dev.meridian.local.StackException;
import dev.meridian.local.process.Commands;
import dev.meridian.local.process.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * A file with all data of the databases, as they were when it was finished: a base backup with the WAL that makes it whole,
 * in a tar archive.
 */
record Backup(Path file) {

    private static final Duration LIMIT = Duration.ofMinutes(2);

    /** The server takes writes meanwhile. An existing file of that name is replaced only by a complete one. */
    void make(PostgresServer primary, Path work) throws IOException {
        Folders.delete(work);
        Path incoming = Path.of(file + ".incoming");
        Files.deleteIfExists(incoming);
        try (Connection connection = primary.connect(LIMIT)) {
            // Keeps the WAL that is needed until the session ends.
            ask(connection, "SELECT pg_create_physical_replication_slot('backup', true, true)");
            ask(connection, "SELECT pg_backup_start('backup', fast => true)");
            ClusterData.copyFiles(primary.cluster(), work);
            String label = ask(connection, "SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)");
            Files.writeString(work.resolve("backup_label"), label);
            copyWal(primary.cluster().resolve("pg_wal"), work.resolve("pg_wal"));
            Files.writeString(work.resolve(PostgresServer.COMPLETE), "0");
            Files.createFile(
                    incoming, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Commands.require(
                    "write the backup " + file, List.of("tar", "-cf", incoming.toString(), "-C", work.toString(), "."));
            Files.move(incoming, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (SQLException e) {
            throw new StackException("Cannot back " + primary.name() + " up: " + e.getMessage(), e);
        } finally {
            Folders.delete(work);
            Files.deleteIfExists(incoming);
        }
    }

    private static void copyWal(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path segment : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                ClusterData.copyFile(segment, to.resolve(segment.getFileName()));
            }
        }
    }

    /** @throws StackException where the file is no backup, or cannot be read */
    void unpack(Path into) throws IOException {
        Folders.delete(into);
        Folders.createPrivate(into);
        Commands.Outcome outcome = Commands.run(List.of("tar", "-xf", file.toString(), "-C", into.toString()));
        if (!outcome.succeeded()
                || !Stream.of(PostgresServer.COMPLETE, "backup_label", "global/pg_control")
                        .allMatch(name -> Files.exists(into.resolve(name)))) {
            Folders.delete(into);
            throw new StackException(file + " is no backup that ./run made"
                    + (outcome.succeeded()
                            ? ""
                            : ", or cannot be unpacked: "
                                    + outcome.output()
                                            .strip()
                                            .lines()
                                            .findFirst()
                                            .orElse(""))
                    + ". Nothing was changed.");
        }
    }
}

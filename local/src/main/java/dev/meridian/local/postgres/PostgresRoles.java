package dev.meridian.local.postgres;

import dev.meridian.local.StackException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Which of the two PostgreSQL servers takes the writes. It stands on disk, so that every later start knows, and is
 * written before it comes true, so that no crash in between leaves two that do.
 *
 * @param primary the name of the server that is the primary, or is about to be
 * @param term goes up with each promotion; a copy of the primary is of use only in the term in which it was taken
 * @param inStep whether the replica has all that was ever acknowledged, and every commit waits until it has
 */
public record PostgresRoles(String primary, int term, boolean inStep) {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    public PostgresRoles {
        Objects.requireNonNull(primary, "primary");
        if (term < 0) {
            throw new IllegalArgumentException("No term: " + term);
        }
    }

    public static PostgresRoles initial(String primary) {
        return new PostgresRoles(primary, 0, false);
    }

    /** After a promotion; the new primary starts alone. */
    public PostgresRoles handedOverTo(String replica) {
        return new PostgresRoles(replica, term + 1, false);
    }

    /**
     * What a file says; empty before the first change.
     *
     * @throws StackException when it cannot be read: which server is the primary must not be guessed
     */
    public static Optional<PostgresRoles> read(Path file) {
        try {
            return Optional.of(JSON.readValue(Files.readString(file), PostgresRoles.class));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | JacksonException e) {
            throw new StackException(
                    "Cannot read in " + file + " which PostgreSQL server is the primary"
                            + " (--fresh begins anew, without the data).",
                    e);
        }
    }

    /** Returns when it is on disk; a reader sees either the former or this. */
    public void write(Path file) {
        try {
            Path folder = Files.createDirectories(file.resolveSibling(""));
            Path incoming = file.resolveSibling(file.getFileName() + ".incoming");
            Files.writeString(incoming, JSON.writeValueAsString(this));
            sync(incoming, StandardOpenOption.WRITE);
            Files.move(incoming, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            sync(folder, StandardOpenOption.READ);
        } catch (IOException e) {
            throw new StackException("Cannot record in " + file + " which PostgreSQL server is the primary: " + e, e);
        }
    }

    private static void sync(Path file, StandardOpenOption how) throws IOException {
        try (FileChannel channel = FileChannel.open(file, how)) {
            channel.force(true);
        }
    }
}

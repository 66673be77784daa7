package dev.meridian.local.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** What the stack does with whole folders. */
public final class Folders {

    private Folders() {}

    /** Deletes a folder and all in it, without following links; nothing to delete is fine. */
    public static void delete(Path folder) throws IOException {
        Commands.Outcome outcome = Commands.run(List.of("rm", "-rf", "--", folder.toString()));
        if (!outcome.succeeded()) {
            throw new IOException(outcome.output().strip());
        }
    }

    /** Only for us: databases insist on it. */
    public static Path createPrivate(Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        return folder;
    }

    /** What fills a new folder. */
    @FunctionalInterface
    public interface Filling {
        void into(Path folder) throws IOException;
    }

    /**
     * Fills a folder that is either there whole or not at all, also when two processes do it at once: filled beside
     * its place, then renamed. A folder that is there already stays as it is.
     */
    public static Path createWhole(Path folder, Filling filling) throws IOException {
        if (Files.isDirectory(folder)) {
            return folder;
        }
        Path parent = Files.createDirectories(folder.toAbsolutePath().resolveSibling(""));
        Path incoming = Files.createTempDirectory(parent, folder.getFileName() + ".incoming");
        try {
            Files.setPosixFilePermissions(incoming, PosixFilePermissions.fromString("rwxr-xr-x"));
            filling.into(incoming);
            Files.move(incoming, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (!Files.isDirectory(folder)) { // else another process was first
                throw e;
            }
        } finally {
            delete(incoming);
        }
        return folder;
    }
}

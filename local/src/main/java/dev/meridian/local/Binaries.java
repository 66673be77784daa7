package dev.meridian.local;

import dev.meridian.local.process.Folders;
import dev.meridian.local.process.Platform;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** PostgreSQL and Redis, unpacked once from their Maven artifacts. */
record Binaries(Path cache) {

    private static final Set<PosixFilePermission> EXECUTABLE = PosixFilePermissions.fromString("rwxr-xr-x");

    /** The folder that holds bin/postgres, bin/initdb and what they need. */
    Path postgres() throws IOException {
        String archive = Platform.current().postgresArchive();
        Path folder = cache.resolve("postgres-" + fingerprint(archive));
        return Folders.createWhole(folder, into -> {
            try (InputStream in = open(archive);
                    TarArchiveInputStream tar =
                            new TarArchiveInputStream(new XZCompressorInputStream(new BufferedInputStream(in)))) {
                for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                    unpack(tar, entry, into);
                }
            }
        });
    }

    /** The executable redis-server. */
    Path redis() throws IOException {
        String binary = Platform.current().redisBinary();
        Path folder = Folders.createWhole(cache.resolve(binary), into -> {
            Path server = into.resolve("redis-server");
            try (InputStream in = open(binary)) {
                Files.copy(in, server);
            }
            Files.setPosixFilePermissions(server, EXECUTABLE);
        });
        return folder.resolve("redis-server");
    }

    private static void unpack(TarArchiveInputStream tar, TarArchiveEntry entry, Path into) throws IOException {
        Path target = into.resolve(entry.getName()).normalize();
        if (!target.startsWith(into)) {
            throw new IOException("The archive leads outside: " + entry.getName());
        }
        if (entry.isDirectory()) {
            Files.createDirectories(target);
            return;
        }
        Files.createDirectories(target.resolve("..").normalize());
        if (entry.isSymbolicLink()) {
            Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
        } else if (entry.isLink()) {
            Files.createLink(target, into.resolve(entry.getLinkName()).normalize());
        } else {
            Files.copy(tar, target);
            Set<PosixFilePermission> permissions = new HashSet<>(PosixFilePermissions.fromString("rw-r--r--"));
            if ((entry.getMode() & 0100) != 0) {
                permissions.addAll(EXECUTABLE);
            }
            Files.setPosixFilePermissions(target, permissions);
        }
    }

    /** Tells one release of an archive from the next by its size and time of packing. */
    private static String fingerprint(String resource) throws IOException {
        var url = Binaries.class.getClassLoader().getResource(resource);
        if (url == null) {
            throw missing(resource);
        }
        var connection = url.openConnection();
        connection.setUseCaches(false);
        try (InputStream in = connection.getInputStream()) {
            return Long.toHexString(connection.getContentLengthLong() * 31 + connection.getLastModified() / 1_000);
        }
    }

    private static InputStream open(String resource) {
        InputStream in = Binaries.class.getClassLoader().getResourceAsStream(resource);
        if (in == null) {
            throw missing(resource);
        }
        return in;
    }

    private static StackException missing(String resource) {
        return new StackException("The binaries " + resource + " are not on the class path.");
    }
}

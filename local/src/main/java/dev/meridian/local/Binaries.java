package dev.meridian.local;

import dev.meridian.local.process.Commands;
import dev.meridian.local.process.Folders;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.tukaani.xz.XZInputStream;

/** PostgreSQL and Redis, unpacked once from their Maven artifacts. */
record Binaries(Path cache) {

    private static final String SYSTEM = Commands.ON_LINUX ? "linux" : "darwin";

    private static final boolean ARM = System.getProperty("os.arch").matches("aarch64|arm64");

    /** The folder that holds bin/postgres, bin/initdb and what they need. */
    Path postgres() throws IOException {
        URL archive = resource("postgres-" + SYSTEM + (ARM ? "-arm_64" : "-x86_64") + ".txz");
        return Folders.createWhole(cache.resolve(artifact(archive)), into -> {
            Path tar = into.resolve("unpacked.tar");
            try (InputStream in = new XZInputStream(new BufferedInputStream(archive.openStream()))) {
                Files.copy(in, tar);
            }
            Commands.require("unpack " + archive, List.of("tar", "-xf", tar.toString(), "-C", into.toString()));
            Files.delete(tar);
        });
    }

    /** The executable redis-server. */
    Path redis() throws IOException {
        URL binary = resource("redis-server-7.0.15-" + SYSTEM + (ARM ? "-arm64" : "-amd64"));
        Path folder = Folders.createWhole(cache.resolve(artifact(binary)), into -> {
            Path server = into.resolve("redis-server");
            try (InputStream in = binary.openStream()) {
                Files.copy(in, server);
            }
            Files.setPosixFilePermissions(server, PosixFilePermissions.fromString("rwxr-xr-x"));
        });
        return folder.resolve("redis-server");
    }

    /** Artifact and version, which tell one release from the next. */
    private static String artifact(URL resource) throws IOException {
        String jar =
                ((JarURLConnection) resource.openConnection()).getJarFileURL().getPath();
        return jar.substring(jar.lastIndexOf('/') + 1).replaceFirst("\\.jar$", "");
    }

    private static URL resource(String name) {
        URL url = Binaries.class.getClassLoader().getResource(name);
        if (url == null) {
            throw new StackException("The binaries " + name
                    + " are not on the class path; there are such for Linux and macOS on amd64 and arm64.");
        }
        return url;
    }
}

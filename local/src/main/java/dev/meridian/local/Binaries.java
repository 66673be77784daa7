package dev.meridian.local;

import dev.meridian.local.process.Commands;
import dev.meridian.local.process.Folders;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor.Version;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tukaani.xz.XZInputStream;

/** PostgreSQL and Redis, unpacked once from their Maven artifacts. */
record Binaries(Path cache) {

    private static final String SYSTEM = Commands.ON_LINUX ? "linux" : "darwin";

    /** The newest that its artifact holds. */
    private static final String REDIS = "7.0.15";

    private static final Pattern VERSION = Pattern.compile("server v=(\\d+(\\.\\d+)*)");

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

    /** An installed Valkey or Redis that is newer than the one that Maven has, or else that. */
    Path redis(Consumer<String> progress) throws IOException {
        for (String program : List.of("valkey-server", "redis-server")) {
            Optional<Path> installed = Commands.find(program);
            if (installed.isPresent() && isNewer(installed.get())) {
                progress.accept("The cache is " + installed.get() + ".");
                return installed.get();
            }
        }
        progress.accept("No newer Valkey or Redis is installed: the cache is Redis " + REDIS
                + ", which gets no updates any more.");
        URL binary = resource("redis-server-" + REDIS + "-" + SYSTEM + (ARM ? "-arm64" : "-amd64"));
        Path folder = Folders.createWhole(cache.resolve(artifact(binary)), into -> {
            Path server = into.resolve("redis-server");
            try (InputStream in = binary.openStream()) {
                Files.copy(in, server);
            }
            Files.setPosixFilePermissions(server, PosixFilePermissions.fromString("rwxr-xr-x"));
        });
        return folder.resolve("redis-server");
    }

    /** It tells, for example: <code>Valkey server v=8.1.1 sha=00000000:0 ...</code> */
    static boolean isNewer(Path server) {
        Matcher told = VERSION.matcher(
                Commands.run(List.of(server.toString(), "--version")).output());
        return told.find() && Version.parse(told.group(1)).compareTo(Version.parse(REDIS)) > 0;
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

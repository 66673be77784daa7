package dev.meridian.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.meridian.local.process.Commands;
import dev.meridian.local.process.Folders;
import dev.meridian.local.process.JavaCommand;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipFile;

/**
 * One of our services as it was built: an executable jar, and the same unpacked into jars that start faster.
 *
 * @param built the executable jar
 * @param folder where it is unpacked, once for each content
 */
record Deployable(Path built, Path folder) {

    private static final Duration KEEP_FORMER = Duration.ofDays(1);

    /** @param module the module's folder, and its artifact's name */
    static Deployable of(String module, Path built, Path cache) throws IOException {
        // Of the content alone: builds of the same content carry the same times.
        CRC32 sum = new CRC32();
        try (ZipFile zip = new ZipFile(built.toFile())) {
            zip.stream().forEach(entry -> sum.update((entry.getName() + entry.getCrc()).getBytes(UTF_8)));
        }
        return new Deployable(built, cache.resolve("%s-%08x".formatted(module, sum.getValue())));
    }

    /** The jar to start, beside the lib folder that it names. */
    Path jar() {
        return folder.resolve(built.getFileName());
    }

    /** Returns when it is unpacked. */
    void unpack() {
        synchronized (Deployable.class) { // not twice for two instances
            if (Files.isDirectory(folder)) {
                return;
            }
            try {
                Folders.createWhole(folder, into -> {
                    List<String> extract = new ArrayList<>(JavaCommand.SHORT_LIVED);
                    extract.addAll(List.of("-Djarmode=tools", "-jar", built.toString(), "extract", "--force"));
                    extract.addAll(List.of("--destination", into.toString()));
                    Commands.require("unpack " + built, extract);
                });
                forgetFormer();
            } catch (IOException e) {
                throw new StackException("Cannot unpack " + built + ": " + e, e);
            }
        }
    }

    /** A former build's files go once no stack can have been started from them lately. */
    private void forgetFormer() throws IOException {
        Instant longAgo = Instant.now().minus(KEEP_FORMER);
        String former = folder.getFileName().toString().replaceFirst("[0-9a-f]{8}$", "????????");
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(folder.resolveSibling(""), former)) {
            for (Path other : folders) {
                if (Files.getLastModifiedTime(other).toInstant().isBefore(longAgo)) {
                    Folders.delete(other);
                }
            }
        }
    }
}

package dev.meridian.local;

import dev.meridian.local.process.Commands;
import dev.meridian.local.process.Folders;
import dev.meridian.local.process.JavaCommand;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * One of our services as it was built: an executable jar, and the same unpacked into jars that start faster.
 *
 * @param module the module's folder, and its artifact's name
 */
record Deployable(String module, Path jar, Path cache) {

    private static final Duration KEEP_FORMER = Duration.ofDays(1);

    /** The jar to start, beside the lib folder that it names. Unpacked once for each content. */
    Path unpacked() throws IOException {
        String name = module + "-" + fingerprint();
        boolean there = Files.isDirectory(cache.resolve(name));
        Path folder = Folders.createWhole(cache.resolve(name), into -> {
            List<String> extract = new ArrayList<>(JavaCommand.SHORT_LIVED);
            extract.addAll(List.of("-Djarmode=tools", "-jar", jar.toString(), "extract", "--force"));
            extract.addAll(List.of("--destination", into.toString()));
            Commands.require("unpack " + jar, extract, cache);
        });
        if (!there) {
            forgetFormer(folder);
        }
        return folder.resolve(jar.getFileName().toString());
    }

    /** Of the content alone: builds of the same content carry the same times. */
    private String fingerprint() throws IOException {
        CRC32 sum = new CRC32();
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
                ZipEntry entry = entries.nextElement();
                sum.update((entry.getName() + entry.getCrc()).getBytes(StandardCharsets.UTF_8));
            }
        }
        return String.format("%08x", sum.getValue());
    }

    /** A former build's files go once no stack can have been started from them lately. */
    private void forgetFormer(Path current) throws IOException {
        Instant longAgo = Instant.now().minus(KEEP_FORMER);
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(cache, module + "-????????")) {
            for (Path former : folders) {
                if (!former.equals(current)
                        && Files.getLastModifiedTime(former).toInstant().isBefore(longAgo)) {
                    Folders.delete(former);
                }
            }
        }
    }
}

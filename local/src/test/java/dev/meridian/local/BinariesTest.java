package dev.meridian.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BinariesTest {

    @ParameterizedTest
    @CsvSource({
        "Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=0, true",
        "Redis server v=8.0.2 sha=00000000:1 malloc=jemalloc-5.3.0 bits=64 build=0, true",
        "Redis server v=7.0.16 sha=00000000:0, true",
        "Redis server v=7.0.15 sha=00000000:0, false",
        "Redis server v=6.2.14 sha=00000000:0, false",
        "something else, false"
    })
    void anInstalledCacheIsTakenIfItIsNewerThanOurs(String version, boolean newer, @TempDir Path folder)
            throws IOException {
        Path server = folder.resolve("server");
        Files.writeString(server, "#!/bin/sh\necho '" + version + "'\n");
        Files.setPosixFilePermissions(server, PosixFilePermissions.fromString("rwxr-xr-x"));

        assertThat(Binaries.isNewer(server)).isEqualTo(newer);
    }
}

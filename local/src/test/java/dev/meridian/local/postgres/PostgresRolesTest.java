package dev.meridian.local.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.meridian.local.StackException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PostgresRolesTest {

    @TempDir
    private Path folder = Path.of("");

    private Path file() {
        return folder.resolve("postgres/roles.json");
    }

    @Test
    void standOnDiskOnceTheyAreWritten() {
        assertThat(PostgresRoles.read(file())).isEmpty();
        PostgresRoles roles =
                new PostgresRoles("one", 0, true).handedOverTo("two").handedOverTo("one");

        roles.write(file());

        assertThat(PostgresRoles.read(file())).contains(new PostgresRoles("one", 2, false));
    }

    @Test
    void aWriteThatWasCutShortLeavesTheFormer() throws Exception {
        PostgresRoles.initial("one").write(file());
        Files.writeString(folder.resolve("postgres/roles.json.incoming"), "{\"primary\":\"tw");

        assertThat(PostgresRoles.read(file())).contains(PostgresRoles.initial("one"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{\"primary\":\"tw", "{}", "[]", "{\"primary\":\"two\",\"term\":-1,\"inStep\":true}"})
    void areNotGuessed(String content) throws Exception {
        Files.createDirectories(folder.resolve("postgres"));
        Files.writeString(folder.resolve("postgres/roles.json"), content);

        assertThatThrownBy(() -> PostgresRoles.read(file()))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("which PostgreSQL server is the primary")
                .hasMessageContaining("--fresh");
    }
}

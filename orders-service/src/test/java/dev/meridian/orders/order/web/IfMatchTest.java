package dev.meridian.orders.order.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.meridian.orders.web.Problem;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IfMatchTest {

    @Test
    void withoutItOrWithAStarEveryVersionWillDo() {
        assertThat(IfMatch.versions(null)).isNull();
        assertThat(IfMatch.versions(" * ")).isNull();
    }

    @Test
    void aListNamesItsVersions() {
        assertThat(IfMatch.versions("\"1\"")).isEqualTo(List.of(1L));
        assertThat(IfMatch.versions("\"1\", \"22\",,\t\"3\" ,")).isEqualTo(List.of(1L, 22L, 3L));
    }

    @Test
    void itComparesStrongly() {
        assertThat(IfMatch.versions("W/\"1\"")).isEqualTo(List.of());
        assertThat(IfMatch.versions("W/\"1\", \"2\"")).isEqualTo(List.of(2L));
    }

    @Test
    void aTagThatIsNoVersionOfOursMatchesNothing() {
        assertThat(IfMatch.versions("\"abc\", \"01\", \"0\", \"-1\", \"\", \"1,2\", \"9999999999999999999\""))
                .isEqualTo(List.of());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                ",",
                "1",
                "\"1",
                "1\"",
                "w/\"1\"",
                "\"1\" \"2\"",
                "*, \"1\"",
                "\"1\"; x",
                "\"a b\"",
                "W/ \"1\""
            })
    void anythingElseIsMalformed(String header) {
        assertThatThrownBy(() -> IfMatch.versions(header)).isInstanceOf(Problem.class);
    }

    @Test
    void aLongListIsReadInOneGo() {
        assertThat(IfMatch.versions("\"1\",".repeat(20_000))).hasSize(20_000);
        assertThatThrownBy(() -> IfMatch.versions("\"1\",".repeat(20_000) + "x"))
                .isInstanceOf(Problem.class);
    }
}

package dev.meridian.orders.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IfMatchTest {

    @Test
    void withoutItOrWithAStarAnyTagWillDo() {
        assertThat(IfMatch.tags(null)).isNull();
        assertThat(IfMatch.tags(" * ")).isNull();
    }

    @Test
    void aListNamesItsTags() {
        assertThat(IfMatch.tags("\"1\"")).isEqualTo(List.of("1"));
        assertThat(IfMatch.tags("\"1\", \"22\",,\t\"3\" ,")).isEqualTo(List.of("1", "22", "3"));
    }

    @Test
    void itComparesStrongly() {
        assertThat(IfMatch.tags("W/\"1\"")).isEqualTo(List.of());
        assertThat(IfMatch.tags("W/\"1\", \"2\"")).isEqualTo(List.of("2"));
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
        assertThatThrownBy(() -> IfMatch.tags(header)).isInstanceOf(Problem.class);
    }

    @Test
    void aLongListIsReadInOneGo() {
        assertThat(IfMatch.tags("\"1\",".repeat(20_000))).hasSize(20_000);
        assertThatThrownBy(() -> IfMatch.tags("\"1\",".repeat(20_000) + "x")).isInstanceOf(Problem.class);
    }
}

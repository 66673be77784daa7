package dev.meridian.orders.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class PositionTest {

    @Test
    void aPositionIsReadAsItWasWritten() {
        Position position = new Position(3, 0x0123_4567_89AB_CDEFL);

        assertThat(position).hasToString("00000003-0123456789ABCDEF");
        assertThat(Position.parse(position.toString())).contains(position);
        assertThat(Position.parse("3-123456789abcdef")).contains(position);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "-",
                "1",
                "1-",
                "-1",
                "1-1-1",
                " 1-1",
                "1-1 ",
                "g-1",
                "1-g",
                "0-1",
                "1-8000000000000000",
                "123456789-1",
                "1-12345678901234567",
                "1--1",
                "1-+1",
                "null",
                "1-1\n"
            })
    void whatIsNoPositionIsNone(String text) {
        assertThat(Position.parse(text)).isEmpty();
    }

    @Test
    void thereAreOnlyPositionsThatCanBe() {
        assertThatThrownBy(() -> new Position(0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Position(0x1_0000_0000L, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Position(1, -1)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Redis compares the texts. */
    @Test
    void textsCompareAsPositionsDo() {
        Random random = new Random(8);
        List<Position> positions = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            positions.add(new Position(1 + random.nextInt(300), random.nextLong(1L << random.nextInt(1, 63))));
        }
        List<Position> byText = new ArrayList<>(positions);
        byText.sort((a, b) -> a.toString().compareTo(b.toString()));
        positions.sort(null);
        assertThat(byText).isEqualTo(positions);
    }

    @Test
    void aPositionOfAnotherTimelineIsNotIncluded() {
        Position position = new Position(2, 100);

        assertThat(position.includes(new Position(2, 100))).isTrue();
        assertThat(position.includes(new Position(2, 101))).isFalse();
        assertThat(position.includes(new Position(1, 1))).isFalse();
        assertThat(position.includes(new Position(3, 1))).isFalse();
    }

    @Test
    void theLaterOfTwo() {
        Position one = new Position(1, 100);
        Position promoted = new Position(2, 50);

        assertThat(Position.later(one, promoted)).isEqualTo(promoted);
        assertThat(Position.later(one, new Position(1, 99))).isEqualTo(one);
        assertThat(Position.later(null, one)).isEqualTo(one);
        assertThat(Position.later(one, null)).isEqualTo(one);
        assertThat(Position.later(null, null)).isNull();
    }
}

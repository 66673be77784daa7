package dev.meridian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

class FigureTest {

    @Test
    void aTargetIsReachedOnItsGoodSide() {
        assertThat(Target.atLeast(1_000).verdict(1_000)).isEqualTo("reached");
        assertThat(Target.below(60).verdict(59.9)).isEqualTo("reached");
    }

    @Test
    void aMissedTargetSaysByHowMuch() {
        assertThat(Target.atLeast(1_000).verdict(750)).isEqualTo("missed by 25 %");
        assertThat(Target.below(60).verdict(60)).isEqualTo("missed by 0 %");
        assertThat(Target.below(60).verdict(90)).isEqualTo("missed by 50 %");
        assertThat(Target.below(60).verdict(Double.NaN)).startsWith("missed");
    }

    @Test
    void aRatioIsPartOfTheReference() {
        assertThat(Figure.ratio("half", 50, 100).measured()).isEqualTo(0.5);
        assertThatIllegalArgumentException().isThrownBy(() -> Figure.ratio("of nothing", 50, 0));
    }

    @Test
    void numbersShowWhatIsMeaningful() {
        assertThat(List.of(
                        Figure.number(0),
                        Figure.number(3),
                        Figure.number(0.4567),
                        Figure.number(12.345),
                        Figure.number(1234.4)))
                .containsExactly("0", "3", "0.46", "12.3", "1234");
    }

    @Test
    void aRowHasNoMoreCellsThanTheTableColumns() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Table("one").row("1", "2"));
    }
}

package dev.meridian.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonTest {

    private static List<Figure> orders(double measured) {
        return List.of(Figure.of("orders", "/s", Target.atLeast(800), measured).against(Target.atLeast(4)));
    }

    @Test
    void twoVersionsAreComparedByTheMeansOfTheirTurns() {
        var comparison = new Comparison(List.of("this", "other"));
        comparison.add("this", orders(700));
        comparison.add("other", orders(200));
        comparison.add("this", orders(900));
        comparison.add("other", orders(300));
        comparison.add("other", List.of(Figure.of("gone", "ms", 3)));

        assertThat(comparison.table().toString().lines())
                .containsExactly(
                        "| figure | unit | target | this | verdict | other | this to other | target | verdict        |",
                        "|--------|------|--------|-----:|---------|------:|--------------:|--------|----------------|",
                        "| orders | /s   | >= 800 |  800 | reached |   250 |          3.20 | >= 4   | missed by 20 % |",
                        "| gone   | ms   |        |      |         |     3 |               |        |                |");
    }

    @Test
    void oneVersionHasATableWithoutRatios() {
        var comparison = new Comparison(List.of("this"));
        comparison.add("this", orders(700));
        comparison.add("this", orders(900));
        comparison.add("this", List.of(Figure.of("reference", "/s", 2_500)));

        assertThat(comparison.table().toString().lines())
                .containsExactly(
                        "| figure    | unit | target | this | verdict |",
                        "|-----------|------|--------|-----:|---------|",
                        "| orders    | /s   | >= 800 |  800 | reached |",
                        "| reference | /s   |        | 2500 |         |");
    }

    @Test
    void aVersionThatIsNotComparedIsAMistake() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Comparison(List.of("this")).add("other", orders(1)));
        assertThatIllegalArgumentException().isThrownBy(() -> new Comparison(List.of()));
    }
}

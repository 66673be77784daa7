package dev.meridian.manifests;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The overlays as they are. */
class ManifestsTest {

    static final Iterable<String> OVERLAYS = Manifests.OVERLAYS;

    @ParameterizedTest
    @FieldSource("OVERLAYS")
    void anOverlayHasNoMistake(String overlay) {
        assertThat(Checks.findings(Manifests.overlay(overlay))).isEmpty();
    }

    @Test
    void x() {
        Manifests.OVERLAYS.forEach(overlay -> {
            System.out.println("== " + overlay);
            Firewall.pairs(Manifests.overlay(overlay)).forEach(System.out::println);
        });
    }

    @Test
    void whatAClusterNeedsFirstHasNoMistake() {
        Findings findings = new Findings();
        Schemas.instance().check(Manifests.infrastructure(), findings);
        WellFormed.check(Manifests.infrastructure(), findings);
        assertThat(findings.lines()).isEmpty();
    }

    @Test
    void theSourcesPutItTogetherSafely() {
        Findings findings = new Findings();
        Sources.check(Manifests.FOLDER, findings);
        assertThat(findings.lines()).isEmpty();
    }

    @Test
    void renderingAndCheckingTakesLessThanHalfAMinute() {
        Instant start = Instant.now();
        for (String overlay : Manifests.OVERLAYS) {
            Checks.findings(Manifests.render(Manifests.FOLDER.resolve("overlays").resolve(overlay)));
        }
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(30));
    }
}

package dev.meridian.manifests;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SchemasTest {

    @Test
    void x() {
        Findings findings = new Findings();
        Manifests m = Manifests.overlay("staging");
        long t = System.nanoTime();
        Schemas.instance().check(m, findings);
        System.out.println((System.nanoTime() - t) / 1_000_000);
        System.out.println(Schemas.instance().rules().leftOut());
        System.out.println(Schemas.instance().rules().evaluated());
        assertThat(findings.lines()).isEmpty();
    }
}

package dev.meridian.manifests;

import java.util.List;

/** Every family of rules at once, for the overlays as they are and for those with a mistake. */
final class Checks {

    private Checks() {}

    static List<String> findings(Manifests manifests) {
        Findings findings = new Findings();
        Schemas.INSTANCE.check(manifests, findings);
        WellFormed.check(manifests, "meridian", findings);
        References.check(manifests, findings);
        Hardening.check(manifests, findings);
        Applications.check(manifests, findings);
        Agreement.check(manifests, findings);
        return findings.lines();
    }
}

package dev.meridian.manifests;

import java.util.Set;
import java.util.TreeSet;

/** Every family of rules at once, for the overlays as they are and for those with a mistake. */
final class Checks {

    private Checks() {}

    static Set<String> findings(Manifests manifests) {
        Findings findings = new Findings(new TreeSet<>());
        Schemas.INSTANCE.check(manifests, findings);
        WellFormed.check(manifests, "meridian", findings);
        References.check(manifests, findings);
        Hardening.check(manifests, findings);
        Applications.check(manifests, findings);
        Agreement.check(manifests, findings);
        return findings.lines();
    }
}

package dev.meridian.manifests;

import dev.meridian.manifests.Workload.Container;
import java.util.List;

/** Pod Security {@code restricted} and somewhat more; images by digest; probes that ask the right address. */
record Hardening(Findings findings) {

    /** Of a pod: a place, what has to be there (nothing, where there is no word for it), and the problem otherwise. */
    private static final List<String[]> POD = rows("""
            automountServiceAccountToken; false; gives pods a token
            hostNetwork; (false)?; is not restricted
            hostPID; (false)?; is not restricted
            hostIPC; (false)?; is not restricted
            securityContext.runAsNonRoot; true; runAsNonRoot is not set
            securityContext.runAsUser; [1-9]\\d*; runAsUser is root, or nobody says who it is
            securityContext.seccompProfile.type; RuntimeDefault; seccompProfile is not RuntimeDefault
            """);

    private static final List<String[]> CONTAINER = rows("""
            image; [a-z0-9.:-]+(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}; has no digest
            securityContext.runAsNonRoot; (true)?; runAsNonRoot is not set
            securityContext.runAsUser; ([1-9]\\d*)?; runAsUser is root
            securityContext.seccompProfile.type; (RuntimeDefault)?; seccompProfile is not RuntimeDefault
            securityContext.allowPrivilegeEscalation; false; allowPrivilegeEscalation is not false
            securityContext.privileged; (false)?; privileged is set
            securityContext.readOnlyRootFilesystem; true; readOnlyRootFilesystem is not set
            securityContext.capabilities.drop; ALL; capabilities are not dropped
            securityContext.capabilities.add; ; capabilities are added
            resources.requests.cpu; .+; cpu is not requested
            resources.requests.memory; .+; memory is not requested
            resources.limits.cpu; ; a limit of cpu costs latency
            """);

    /** Of containers of our programs that serve; liveness looks at nothing outside of the process. */
    private static final List<String[]> OURS = rows("""
            startupProbe.httpGet.path; /actuator/health/readiness; does not ask for readiness
            readinessProbe.httpGet.path; /actuator/health/readiness; does not ask for readiness
            livenessProbe.httpGet.path; /actuator/health/liveness; does not ask for liveness
            startupProbe.httpGet.port; management|8081; does not ask the management port
            readinessProbe.httpGet.port; management|8081; does not ask the management port
            livenessProbe.httpGet.port; management|8081; does not ask the management port
            lifecycle.preStop.sleep.seconds; [1-9]\\d*; does not wait before it stops
            """);

    private static List<String[]> rows(String table) {
        return table.lines().map(line -> line.split("; ?", -1)).toList();
    }

    private void check(List<String[]> rows, Node node) {
        for (String[] row : rows) {
            Node place = node.at(row[0]);
            String said = place.json().isArray() ? String.join(",", node.texts(row[0])) : place.text();
            findings.unless(said.matches(row[1]), place, said + " " + row[2]);
        }
    }

    static void check(Manifests manifests, Findings findings) {
        Hardening rules = new Hardening(findings);
        for (Node namespace : manifests.ofKind("Namespace")) {
            String level = namespace.map("metadata.labels").get("pod-security.kubernetes.io/enforce");
            findings.unless("restricted".equals(level), namespace, "does not enforce Pod Security restricted");
        }
        manifests.ofKind("ServiceAccount").forEach(account -> rules.check(POD.subList(0, 1), account));
        manifests.workloads().forEach(rules::checkPod);
        for (Node catalog : manifests.ofKind("ImageCatalog")) {
            catalog.each("spec.images").forEach(image -> rules.check(CONTAINER.subList(0, 1), image));
        }
    }

    private void checkPod(Workload workload) {
        check(POD, workload.pod());
        for (Node volume : workload.pod().each("volumes")) {
            boolean allowed =
                    volume.keys("").stream().allMatch(type -> type.matches("name|emptyDir|secret|configMap|projected"));
            boolean token = volume.each("projected.sources").stream().anyMatch(one -> one.has("serviceAccountToken"));
            findings.unless(allowed && !token, volume, "is of a type that is not restricted");
        }
        for (Container container : workload.containers()) {
            Node node = container.node();
            check(CONTAINER, node);
            Node limit = node.at("resources.limits.memory");
            boolean same = limit.text().equals(node.text("resources.requests.memory"));
            findings.unless(same, limit, "is not what is requested");
            boolean serves = !workload.resource().kind().equals("Job");
            if (serves && Applications.MODULES.contains(container.program())) {
                checkOurs(container);
            }
            boolean probed = node.has("readinessProbe") && node.has("livenessProbe");
            findings.unless(!serves || probed, node, "a probe is missing");
        }
    }

    private void checkOurs(Container container) {
        Node node = container.node();
        check(OURS, node);
        String liveness = "management.endpoint.health.group.liveness.include";
        boolean alone = Applications.setting(container.program(), liveness, "livenessState")
                .equals("livenessState");
        findings.unless(alone, node, "liveness looks at a dependency");
        String stop = Applications.setting(container.program(), "spring.lifecycle.timeoutpershutdownphase", "30s");
        int needed = node.number("lifecycle.preStop.sleep.seconds", 0) + Integer.parseInt(stop.replace("s", ""));
        boolean enough = container.workload().pod().number("terminationGracePeriodSeconds", 30) > needed;
        findings.unless(enough, node, "has less time to stop than the pause and its requests take");
    }
}

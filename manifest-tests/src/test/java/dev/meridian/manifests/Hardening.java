package dev.meridian.manifests;

import dev.meridian.manifests.Workload.Container;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Pod Security {@code restricted} and somewhat more; images by digest; probes that ask the right address. */
final class Hardening {

    private static final Pattern BY_DIGEST =
            Pattern.compile("[a-z0-9.:-]+(/[a-z0-9._-]+)+(:[\\w.-]+)?@sha256:[0-9a-f]{64}");

    /** Volumes that Pod Security allows, without those that this system has no use for. */
    private static final Set<String> VOLUMES =
            Set.of("name", "emptyDir", "secret", "configMap", "projected", "persistentVolumeClaim");

    /** Where each probe asks; liveness looks at nothing outside of the process. */
    private static final Map<String, String> PROBES = Map.of(
            "startupProbe", "/actuator/health/readiness",
            "readinessProbe", "/actuator/health/readiness",
            "livenessProbe", "/actuator/health/liveness");

    private final Findings findings;

    private Hardening(Findings findings) {
        this.findings = findings;
    }

    static void check(Manifests manifests, Findings findings) {
        Hardening rules = new Hardening(findings);
        for (Node namespace : manifests.ofKind("Namespace")) {
            String level = namespace.map("metadata.labels").get("pod-security.kubernetes.io/enforce");
            findings.unless("restricted".equals(level), namespace, "does not enforce Pod Security restricted");
        }
        manifests.ofKind("ServiceAccount").forEach(rules::checkToken);
        manifests.workloads().forEach(rules::checkPod);
        manifests
                .ofKind("ImageCatalog")
                .forEach(catalog -> catalog.each("spec.images").forEach(rules::checkImage));
    }

    private void checkToken(Node node) {
        findings.unless(node.text("automountServiceAccountToken").equals("false"), node, "gives pods a token");
    }

    private void checkImage(Node node) {
        findings.unless(BY_DIGEST.matcher(node.text("image")).matches(), node, node.text("image") + " has no digest");
    }

    private void checkPod(Workload workload) {
        Node pod = workload.pod();
        checkToken(pod);
        for (String shared : List.of("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace")) {
            findings.unless(!pod.is(shared), pod, shared + " is not restricted");
        }
        for (Node volume : pod.each("volumes")) {
            volume.keys("")
                    .forEach(type -> findings.unless(VOLUMES.contains(type), volume, type + " is not restricted"));
        }
        for (Container container : workload.containers()) {
            checkImage(container.node());
            checkSecurity(pod.at("securityContext"), container.node().at("securityContext"));
            checkResources(container.node().at("resources"));
            boolean serves = !workload.resource().kind().equals("Job")
                    && !container.node().path().contains("initContainers");
            if (serves && Applications.MODULES.contains(container.program())) {
                checkOurs(container);
            } else if (serves) {
                boolean probed = container.node().has("readinessProbe")
                        && container.node().has("livenessProbe");
                findings.unless(probed, container.node(), "a probe is missing");
            }
        }
    }

    private void checkSecurity(Node pods, Node own) {
        String nonRoot = own.text("runAsNonRoot", pods.text("runAsNonRoot"));
        findings.unless(nonRoot.equals("true"), own, "runAsNonRoot is not set");
        findings.unless(own.number("runAsUser", pods.number("runAsUser", 1)) > 0, own, "runAsUser is root");
        boolean kept = own.text("allowPrivilegeEscalation").equals("false") && !own.is("privileged");
        findings.unless(kept, own, "allowPrivilegeEscalation is not false");
        boolean dropped = own.texts("capabilities.drop").contains("ALL") && !own.has("capabilities.add");
        findings.unless(dropped, own, "capabilities are not dropped");
        String seccomp = own.text("seccompProfile.type", pods.text("seccompProfile.type"));
        findings.unless(seccomp.equals("RuntimeDefault"), own, "seccompProfile is not RuntimeDefault");
        findings.unless(own.is("readOnlyRootFilesystem"), own, "readOnlyRootFilesystem is not set");
    }

    private void checkResources(Node resources) {
        boolean asked = resources.has("requests.cpu") && resources.has("requests.memory");
        findings.unless(asked, resources, "cpu and memory are not both requested");
        boolean same = resources.text("limits.memory").equals(resources.text("requests.memory"));
        findings.unless(same, resources, "the limit of memory is not what is requested");
        findings.unless(!resources.has("limits.cpu"), resources, "a limit of cpu costs latency");
    }

    private void checkOurs(Container container) {
        Node node = container.node();
        Workload workload = container.workload();
        PROBES.forEach((name, path) -> {
            Node probe = node.at(name);
            String port = probe.text("httpGet.port");
            findings.unless(probe.text("httpGet.path").equals(path), probe, "does not ask " + path);
            boolean management = port.equals("8081") || workload.pods().ports().getOrDefault(port, 0) == 8081;
            findings.unless(management, probe, "does not ask the management port 8081");
        });
        String liveness =
                Applications.setting(container.program(), "management.endpoint.health.group.liveness.include", "");
        findings.unless(Set.of("", "livenessState").contains(liveness), node, "liveness looks at a dependency");
        int pause = node.number("lifecycle.preStop.sleep.seconds", 0);
        String stop = Applications.setting(container.program(), "spring.lifecycle.timeoutpershutdownphase", "30s");
        int grace = workload.pod().number("terminationGracePeriodSeconds", 30);
        findings.unless(pause > 0, node, "does not wait before it stops");
        boolean enough = grace > pause + Integer.parseInt(stop.replace("s", ""));
        findings.unless(enough, node, "has less time to stop than the pause and its requests take");
    }
}

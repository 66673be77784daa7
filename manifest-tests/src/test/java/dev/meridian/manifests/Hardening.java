package dev.meridian.manifests;

import dev.meridian.manifests.Workload.Container;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** Pod Security {@code restricted} and somewhat more; images by digest; probes that ask the right address. */
final class Hardening {

    private static final Pattern BY_DIGEST =
            Pattern.compile("[a-z0-9.:-]+(/[a-z0-9._-]+)+(:[\\w.-]+)?@sha256:[0-9a-f]{64}");

    /** Volumes that Pod Security allows, without those that this system has no use for. */
    private static final Set<String> VOLUMES =
            Set.of("name", "emptyDir", "secret", "configMap", "projected", "persistentVolumeClaim");

    /** Where each probe asks; readiness is that of the application, and liveness looks at nothing outside of the process. */
    private static final Map<String, String> PROBES = Map.of(
            "startupProbe", "/actuator/health/readiness",
            "readinessProbe", "/actuator/health/readiness",
            "livenessProbe", "/actuator/health/liveness");

    private Hardening() {}

    static void check(Manifests manifests, Findings findings) {
        manifests
                .ofKind("Namespace")
                .forEach(namespace -> findings.unless(
                        "restricted".equals(namespace.labels().get("pod-security.kubernetes.io/enforce")),
                        namespace,
                        "metadata.labels",
                        "does not enforce Pod Security restricted"));
        manifests
                .ofKind("ServiceAccount")
                .forEach(account -> findings.unless(
                        !account.at("/automountServiceAccountToken").asBoolean(true),
                        account,
                        "automountServiceAccountToken",
                        "gives pods a token"));
        manifests.workloads().forEach(workload -> checkPod(workload, findings));
    }

    private static void checkPod(Workload workload, Findings findings) {
        String path = workload.path();
        JsonNode pod = workload.pod();
        findings.unless(
                !pod.path("automountServiceAccountToken").asBoolean(true),
                workload,
                path + ".automountServiceAccountToken",
                "gives the pod a token");
        for (String shared : List.of("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace")) {
            findings.unless(!pod.path(shared).asBoolean(false), workload, path + "." + shared, "is not restricted");
        }
        pod.path("volumes")
                .forEach(volume -> volume.propertyNames()
                        .forEach(type -> findings.unless(
                                VOLUMES.contains(type),
                                workload,
                                path + ".volumes",
                                "the type " + type + " is not restricted")));
        workload.containers().forEach(container -> {
            checkSecurity(container, findings);
            checkResources(container, findings);
            findings.unless(
                    BY_DIGEST.matcher(container.image()).matches(),
                    workload,
                    container.path() + ".image",
                    container.image() + " has no digest");
            boolean serves = !container.init() && !workload.resource().kind().endsWith("Job");
            if (serves) {
                checkProbes(container, findings);
            }
        });
    }

    private static void checkSecurity(Container container, Findings findings) {
        JsonNode own = container.json().path("securityContext");
        JsonNode pods = container.workload().pod().path("securityContext");
        Workload workload = container.workload();
        String path = container.path() + ".securityContext";
        JsonNode nonRoot = own.has("runAsNonRoot") ? own.path("runAsNonRoot") : pods.path("runAsNonRoot");
        findings.unless(nonRoot.asBoolean(false), workload, path, "runAsNonRoot is not set");
        findings.unless(
                own.path("runAsUser").asInt(pods.path("runAsUser").asInt(1)) != 0, workload, path, "runAsUser is root");
        findings.unless(
                !own.path("allowPrivilegeEscalation").asBoolean(true),
                workload,
                path,
                "allowPrivilegeEscalation is not false");
        findings.unless(!own.path("privileged").asBoolean(false), workload, path, "privileged is set");
        findings.unless(
                own.at("/capabilities/drop")
                                .valueStream()
                                .anyMatch(dropped -> dropped.asString("").equals("ALL"))
                        && own.at("/capabilities/add").isEmpty(),
                workload,
                path,
                "capabilities are not dropped");
        JsonNode seccomp = own.has("seccompProfile") ? own : pods;
        findings.unless(
                seccomp.at("/seccompProfile/type").asString("").equals("RuntimeDefault"),
                workload,
                path,
                "seccompProfile is not RuntimeDefault");
        findings.unless(
                own.path("readOnlyRootFilesystem").asBoolean(false),
                workload,
                path,
                "readOnlyRootFilesystem is not set");
    }

    private static void checkResources(Container container, Findings findings) {
        JsonNode resources = container.json().path("resources");
        String path = container.path() + ".resources";
        findings.unless(
                resources.path("requests").has("cpu")
                        && resources.path("requests").has("memory"),
                container.workload(),
                path,
                "cpu and memory are not both requested");
        findings.unless(
                resources.at("/limits/memory").equals(resources.at("/requests/memory")),
                container.workload(),
                path,
                "the limit of memory is not what is requested");
        findings.unless(
                !resources.path("limits").has("cpu"), container.workload(), path, "a limit of cpu costs latency");
    }

    private static void checkProbes(Container container, Findings findings) {
        Workload workload = container.workload();
        boolean ours = Applications.MODULES.contains(container.program());
        PROBES.forEach((probe, path) -> {
            JsonNode request = container.json().path(probe).path("httpGet");
            boolean there = container.json().has(probe);
            String field = container.path() + "." + probe;
            findings.unless(there || (!ours && probe.equals("startupProbe")), workload, field, "is missing");
            if (ours && there) {
                findings.unless(
                        request.path("path").asString("").equals(path), workload, field, "does not ask " + path);
                String port = request.path("port").asString("");
                findings.unless(
                        port.equals("8081") || container.ports().getOrDefault(port, 0) == 8081,
                        workload,
                        field,
                        "does not ask the management port 8081");
            }
        });
        if (ours) {
            findings.unless(
                    Set.of("", "livenessState").contains(Applications.liveness(container.program())),
                    workload,
                    container.path() + ".livenessProbe",
                    "looks at a dependency");
            long pause = container.json().at("/lifecycle/preStop/sleep/seconds").asLong(0);
            Duration stop = Applications.stopTimeout(container.program());
            long grace = workload.pod().path("terminationGracePeriodSeconds").asLong(30);
            findings.unless(pause > 0, workload, container.path() + ".lifecycle", "does not wait before it stops");
            findings.unless(
                    grace > pause + stop.toSeconds(),
                    workload,
                    workload.path() + ".terminationGracePeriodSeconds",
                    "is shorter than the pause and the time that requests have");
        }
    }
}

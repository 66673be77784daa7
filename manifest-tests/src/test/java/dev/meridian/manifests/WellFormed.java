package dev.meridian.manifests;

import io.kubernetes.client.custom.Quantity;
import io.kubernetes.client.custom.QuantityFormatException;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What an API server checks in code, not by schema: names, labels, ports, quantities, and words of a closed list. */
record WellFormed(Findings findings) {

    private static final String DNS_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
    private static final String DNS_NAME = "[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?";
    private static final String LABEL = "[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?";
    private static final String PORT_NAME = "(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?";

    private static final Set<String> PORTS = Set.of("containerPort", "port", "targetPort", "nodePort", "endPort");

    /** Kinds without a namespace. */
    private static final Set<String> CLUSTER_WIDE =
            Set.of("Namespace", "ClusterIssuer", "ClusterSecretStore", "GatewayClass");

    /** Kinds whose name becomes that of pods or hosts, so it is a single label. */
    private static final Set<String> HOSTS =
            Set.of("Deployment", "StatefulSet", "Job", "Service", "Namespace", "Cluster", "Kafka");

    /** What a field of Kubernetes' own kinds may say; of a type, by its kind and path. */
    private static final Map<String, Set<String>> WORDS = Map.of(
            "protocol", Set.of("TCP", "UDP", "SCTP"),
            "imagePullPolicy", Set.of("Always", "IfNotPresent", "Never"),
            "podManagementPolicy", Set.of("OrderedReady", "Parallel"),
            "whenUnsatisfiable", Set.of("DoNotSchedule", "ScheduleAnyway"),
            "policyTypes", Set.of("Ingress", "Egress"),
            "externalTrafficPolicy", Set.of("Cluster", "Local"),
            "Service spec.type", Set.of("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
            "Deployment spec.strategy.type", Set.of("RollingUpdate", "Recreate"),
            "StatefulSet spec.updateStrategy.type", Set.of("RollingUpdate", "OnDelete"));

    /** @param namespace of all objects; any where it is empty */
    static void check(Manifests manifests, String namespace, Findings findings) {
        WellFormed rules = new WellFormed(findings);
        Set<String> seen = new HashSet<>();
        for (Node resource : manifests.resources()) {
            findings.unless(seen.add(resource.object()), resource, "is there twice");
            rules.form(resource.at("metadata.name"), HOSTS.contains(resource.kind()) ? DNS_LABEL : DNS_NAME);
            boolean none = CLUSTER_WIDE.contains(resource.kind());
            Node own = resource.at("metadata.namespace");
            boolean fine = own.text().matches(none ? "" : namespace.isEmpty() ? ".+" : namespace);
            findings.unless(fine, own, "is not " + (none ? "for this kind" : namespace));
            rules.walk(resource.custom(), "", resource);
        }
        manifests.workloads().forEach(rules::checkWorkload);
        for (Node budget : manifests.ofKind("PodDisruptionBudget")) {
            boolean one = budget.has("spec.minAvailable") ^ budget.has("spec.maxUnavailable");
            findings.unless(one, budget, "needs one of minAvailable and maxUnavailable");
        }
    }

    private void checkWorkload(Workload workload) {
        Set<String> names = new HashSet<>();
        workload.containers().forEach(container -> {
            form(container.node().at("name"), DNS_LABEL);
            findings.unless(names.add(container.node().text("name")), container.node(), "is there twice");
            container.node().all("ports[].name").forEach(port -> form(port, PORT_NAME));
        });
        String restart = workload.pod().text("restartPolicy", "Always");
        boolean job = workload.resource().kind().equals("Job");
        findings.unless(restart.matches(job ? "OnFailure|Never" : "Always"), workload.pod(), "cannot be " + restart);
    }

    private void form(Node text, String pattern) {
        findings.unless(text.text().matches(pattern), text, text.text() + " is not well formed");
    }

    private void walk(boolean custom, String field, Node node) {
        if (node.json().isObject()) {
            if (Set.of("labels", "matchLabels").contains(field)) {
                checkLabels(node);
            }
            if (field.equals("resources")) {
                checkResources(node);
            }
            for (String name : node.json().propertyNames()) {
                if (!Set.of("status", "annotations", "data").contains(name)) {
                    walk(custom, name, node.at(name));
                }
            }
            return;
        }
        node.each("").forEach(element -> walk(custom, field, element));
        String text = node.text();
        if (PORTS.contains(field) && node.json().isNumber()) {
            findings.unless(node.json().asInt() > 0 && node.json().asInt() < 65536, node, text + " is no port");
        }
        Set<String> words = WORDS.getOrDefault(field, WORDS.getOrDefault(node.kind() + " " + node.path(), Set.of()));
        boolean known = custom || words.isEmpty() || node.json().isArray() || words.contains(text);
        findings.unless(known, node, "cannot be " + text);
        if (Set.of("sizeLimit", "size").contains(field)) {
            findings.unless(quantity(text).isPresent(), node, text + " is no quantity");
        }
    }

    private void checkLabels(Node labels) {
        labels.map("").forEach((key, value) -> {
            boolean fine = key.matches("(" + DNS_NAME + "/)?" + LABEL);
            findings.unless(fine, labels, "the key " + key + " is not well formed");
            findings.unless(value.matches("(" + LABEL + ")?"), labels, "the value " + value + " is not well formed");
        });
    }

    private void checkResources(Node resources) {
        Map<String, String> said = resources.map("limits");
        resources.map("requests").forEach((name, request) -> {
            BigDecimal most = quantity(said.getOrDefault(name, request)).orElse(BigDecimal.ZERO);
            boolean enough = most.compareTo(quantity(request).orElse(BigDecimal.ZERO)) >= 0;
            findings.unless(enough, resources, "the limit of " + name + " is below what is requested");
            said.put(name + " requested", request);
        });
        said.values()
                .forEach(value -> findings.unless(quantity(value).isPresent(), resources, value + " is no quantity"));
    }

    /** A quantity as Kubernetes writes it, such as {@code 250m} or {@code 96Mi}. */
    static Optional<BigDecimal> quantity(String text) {
        try {
            return Optional.of(Quantity.fromString(text).getNumber());
        } catch (QuantityFormatException e) {
            return Optional.empty();
        }
    }
}

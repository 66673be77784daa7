package dev.meridian.manifests;

import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** What an API server checks in code, not by schema: names, labels, ports, quantities, and words of a closed list. */
final class WellFormed {

    private static final Pattern DNS_LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern DNS_NAME = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?");
    private static final Pattern LABEL_VALUE = Pattern.compile("([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?");
    private static final Pattern LABEL_KEY =
            Pattern.compile("([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?");
    private static final Pattern PORT_NAME = Pattern.compile("(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?");
    private static final Pattern QUANTITY = Pattern.compile("([+-]?\\d+(?:\\.\\d*)?)(m|k|[KMGTPE]i|[MGTPE]|[eE]\\d+)?");

    private static final Set<String> PORTS =
            Set.of("containerPort", "hostPort", "port", "targetPort", "nodePort", "endPort");

    /** Kinds without a namespace. */
    private static final Set<String> CLUSTER_WIDE =
            Set.of("Namespace", "ClusterIssuer", "ClusterSecretStore", "GatewayClass", "PriorityClass", "StorageClass");

    /** Kinds whose name becomes that of pods or hosts, so it is a single label. */
    private static final Set<String> HOSTS =
            Set.of("Deployment", "StatefulSet", "Job", "Service", "Namespace", "Cluster", "Kafka");

    /** What a field of Kubernetes' own kinds may say. */
    private static final Map<String, Set<String>> WORDS = Map.of(
            "protocol", Set.of("TCP", "UDP", "SCTP"),
            "imagePullPolicy", Set.of("Always", "IfNotPresent", "Never"),
            "restartPolicy", Set.of("Always", "OnFailure", "Never"),
            "concurrencyPolicy", Set.of("Allow", "Forbid", "Replace"),
            "podManagementPolicy", Set.of("OrderedReady", "Parallel"),
            "whenUnsatisfiable", Set.of("DoNotSchedule", "ScheduleAnyway"),
            "policyTypes", Set.of("Ingress", "Egress"),
            "externalTrafficPolicy", Set.of("Cluster", "Local"),
            "scheme", Set.of("HTTP", "HTTPS"),
            "dnsPolicy", Set.of("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"));

    /** The same for {@code type}, by the kind and the place. */
    private static final Map<String, Set<String>> TYPES = Map.of(
            "Service spec", Set.of("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
            "Deployment spec.strategy", Set.of("RollingUpdate", "Recreate"),
            "StatefulSet spec.updateStrategy", Set.of("RollingUpdate", "OnDelete"));

    private WellFormed() {}

    /** @param namespace of all objects; any where it is empty */
    static void check(Manifests manifests, String namespace, Findings findings) {
        Set<String> seen = new HashSet<>();
        for (Resource resource : manifests.resources()) {
            findings.unless(seen.add(resource.toString()), resource, "", "is there twice");
            String name = resource.name();
            Pattern form = HOSTS.contains(resource.kind()) ? DNS_LABEL : DNS_NAME;
            findings.unless(form.matcher(name).matches(), resource, "metadata.name", "is not well formed");
            boolean namespaced = !CLUSTER_WIDE.contains(resource.kind());
            String own = resource.text("/metadata/namespace");
            findings.unless(
                    namespaced ? !own.isEmpty() && (namespace.isEmpty() || own.equals(namespace)) : own.isEmpty(),
                    resource,
                    "metadata.namespace",
                    namespaced ? "is not " + namespace : "does not exist for this kind");
            check(resource, "", "", resource.json(), findings);
        }
        manifests.workloads().forEach(workload -> checkWorkload(workload, findings));
        manifests
                .ofKind("PodDisruptionBudget")
                .forEach(budget -> findings.unless(
                        budget.at("/spec").has("minAvailable")
                                ^ budget.at("/spec").has("maxUnavailable"),
                        budget,
                        "spec",
                        "needs one of minAvailable and maxUnavailable"));
    }

    private static void checkWorkload(Workload workload, Findings findings) {
        Set<String> names = new HashSet<>();
        workload.containers().forEach(container -> {
            String name = container.json().path("name").asString("");
            findings.unless(names.add(name), workload, container.path(), "its name is there twice");
            findings.unless(
                    DNS_LABEL.matcher(name).matches(), workload, container.path(), "its name is not well formed");
        });
        boolean job = workload.resource().kind().equals("Job");
        String restart = workload.pod().path("restartPolicy").asString("Always");
        findings.unless(
                restart.equals("Always") ^ job, workload, workload.path() + ".restartPolicy", "cannot be " + restart);
    }

    private static void check(Resource resource, String path, String field, JsonNode value, Findings findings) {
        boolean custom = resource.apiVersion().matches("[^/]+\\.(?!k8s\\.io/).*|gateway\\..*");
        if (value.isObject()) {
            switch (field) {
                case "labels", "matchLabels" ->
                    Resource.texts(value).forEach((key, text) -> {
                        findings.unless(
                                LABEL_KEY.matcher(key).matches(),
                                resource,
                                path,
                                "the key " + key + " is not well formed");
                        findings.unless(
                                LABEL_VALUE.matcher(text).matches(),
                                resource,
                                path,
                                "the value " + text + " is not well formed");
                    });
                case "resources" -> checkResources(resource, path, value, findings);
                default -> {}
            }
            Set<String> types = TYPES.get(resource.kind() + " " + path);
            findings.unless(
                    types == null
                            || !value.has("type")
                            || types.contains(value.path("type").asString("")),
                    resource,
                    path + ".type",
                    "cannot be " + value.path("type").asString(""));
            value.forEachEntry((name, child) -> {
                if (!Set.of("status", "annotations", "data").contains(name)) {
                    check(resource, path.isEmpty() ? name : path + "." + name, name, child, findings);
                }
            });
        } else if (value.isArray()) {
            for (JsonNode element : value) {
                if (field.equals("ports") && element.has("name")) {
                    findings.unless(
                            PORT_NAME.matcher(element.path("name").asString("")).matches(),
                            resource,
                            path,
                            "the name " + element.path("name").asString("") + " is not well formed");
                }
                check(resource, path, field, element, findings);
            }
        } else {
            if (PORTS.contains(field) && value.isNumber()) {
                findings.unless(
                        value.asInt() > 0 && value.asInt() < 65536, resource, path, value.asInt() + " is no port");
            }
            Set<String> words = custom ? null : WORDS.get(field);
            findings.unless(
                    words == null || words.contains(value.asString("")),
                    resource,
                    path,
                    "cannot be " + value.asString(""));
            if (Set.of("sizeLimit", "size").contains(field)) {
                findings.unless(quantity(value).isPresent(), resource, path, value.asString("") + " is no quantity");
            }
        }
    }

    private static void checkResources(Resource resource, String path, JsonNode resources, Findings findings) {
        for (String part : List.of("requests", "limits")) {
            resources
                    .path(part)
                    .forEachEntry((name, value) -> findings.unless(
                            quantity(value).isPresent(),
                            resource,
                            path + "." + part,
                            name + ": " + value.asString("") + " is no quantity"));
        }
        resources.path("limits").forEachEntry((name, limit) -> {
            Optional<BigDecimal> request = quantity(resources.path("requests").path(name));
            findings.unless(
                    request.isEmpty()
                            || quantity(limit)
                                    .map(most -> most.compareTo(request.get()) >= 0)
                                    .orElse(true),
                    resource,
                    path + ".limits",
                    name + " is below what is requested");
        });
    }

    /** A quantity as Kubernetes writes it, such as {@code 250m} or {@code 96Mi}. */
    static Optional<BigDecimal> quantity(JsonNode value) {
        Matcher matcher = QUANTITY.matcher(value.asString(""));
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String suffix = Optional.ofNullable(matcher.group(2)).orElse("");
        BigDecimal number = new BigDecimal(matcher.group(1));
        if (suffix.toLowerCase(java.util.Locale.ROOT).matches("e\\d+")) {
            return Optional.of(number.scaleByPowerOfTen(Integer.parseInt(suffix.substring(1))));
        }
        int power = suffix.isEmpty()
                ? 0
                : "kMGTPE".indexOf(Character.toString(suffix.charAt(0)).replace('K', 'k')) + 1;
        return Optional.of(
                suffix.equals("m")
                        ? number.movePointLeft(3)
                        : number.multiply(BigDecimal.valueOf(suffix.endsWith("i") ? 1024 : 1000)
                                .pow(power)));
    }
}

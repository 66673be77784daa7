package dev.meridian.manifests;

import dev.meridian.manifests.Cluster.Pods;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What an object names exists, and selectors match something. */
final class References {

    /** In objects of a kind, at a place: the field with the name, that with the part of it, and the kind that is named. */
    private static final List<String[]> NAMES =
            """
            (Deployment|StatefulSet|Job) spec.template.spec serviceAccountName - ServiceAccount
            StatefulSet spec serviceName - Service
            (HorizontalPodAutoscaler|ScaledObject) spec.scaleTargetRef name - Deployment
            HTTPRoute spec.parentRefs[] name sectionName Gateway
            HTTPRoute spec.rules[].backendRefs[] name port Service
            Gateway spec gatewayClassName - GatewayClass
            ExternalSecret spec.secretStoreRef name - ClusterSecretStore
            Certificate spec.issuerRef name - ClusterIssuer
            (Database|ScheduledBackup) spec.cluster name - Cluster
            Database spec owner - role
            Cluster spec.replica source - external_cluster
            Cluster spec.bootstrap.pg_basebackup source - external_cluster
            Cluster spec.plugins[].parameters barmanObjectName - ObjectStore
            """.lines().map(line -> line.replace(" - ", " none ").split(" ")).toList();

    /** Fields of any kind which themselves, or whose {@code name}, are that of a Secret or ConfigMap. */
    private static final Map<String, String> HOLDERS = Map.of(
            "passwordSecret",
            "Secret",
            "certificateRefs",
            "Secret",
            "secretName",
            "Secret",
            "serverTLSSecret",
            "Secret",
            "serverCASecret",
            "Secret",
            "clientCASecret",
            "Secret",
            "replicationTLSSecret",
            "Secret",
            "configMapRef",
            "ConfigMap",
            "configMap",
            "ConfigMap");

    /** Hosts with ports in settings: {@code redis:6379}, {@code http://identity:8080/}. */
    private static final Pattern HOST_AND_PORT =
            Pattern.compile("(?<![\\w.-])([a-z][a-z0-9-]*(?:\\.[a-z0-9-]+)*):(\\d{2,5})\\b");

    private final Cluster cluster;
    private final Manifests manifests;
    private final Findings findings;
    private final Set<String> used = new HashSet<>();

    private References(Manifests manifests, Findings findings) {
        this.cluster = Cluster.of(manifests);
        this.manifests = manifests;
        this.findings = findings;
    }

    static void check(Manifests manifests, Findings findings) {
        References references = new References(manifests, findings);
        manifests.workloads().forEach(references::checkPods);
        manifests.resources().forEach(references::checkResource);
        manifests.resources().forEach(resource -> references.checkHolders("", resource));
        for (Node made : manifests.resources()) {
            String object = made.kind().equals("ExternalSecret") ? "Secret/" + Cluster.secretOf(made) : made.object();
            boolean idle =
                    Set.of("ExternalSecret", "ConfigMap").contains(made.kind()) && !references.used.contains(object);
            findings.unless(!idle, made, "nothing uses it");
        }
    }

    private void exists(String kind, String name, String part, Node place) {
        used.add(kind + "/" + name);
        Set<String> parts = cluster.objects().get(kind + "/" + name);
        findings.unless(parts != null, place, "there is no " + kind + " " + name);
        boolean there = parts == null || part.isEmpty() || parts.contains(part);
        findings.unless(there, place, kind + " " + name + " has no " + part);
    }

    private List<Pods> matches(Node selector) {
        List<Pods> matching = cluster.selected(selector);
        findings.unless(!matching.isEmpty(), selector, "matches no pod");
        return matching;
    }

    private void checkPods(Workload workload) {
        Node pod = workload.pod();
        Map<String, String> labels = workload.pods().labels();
        Node selector = workload.resource().at("spec.selector");
        findings.unless(selector.selects(labels), selector, "does not match the labels of the template");
        pod.all("topologySpreadConstraints[].labelSelector")
                .forEach(spread ->
                        findings.unless(spread.selects(labels), spread, "does not match the pods themselves"));
        Set<String> volumes = new HashSet<>();
        pod.all("volumes[].name").forEach(name -> volumes.add(name.text()));
        Set<String> mounted = new HashSet<>();
        for (Workload.Container container : workload.containers()) {
            Set<String> paths = new HashSet<>();
            for (Node mount : container.node().each("volumeMounts")) {
                mounted.add(mount.text("name"));
                findings.unless(volumes.contains(mount.text("name")), mount, "the volume does not exist");
                findings.unless(paths.add(mount.text("mountPath")), mount, "another is mounted there");
            }
            checkHosts(container);
            for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
                List.of(".httpGet.port", ".tcpSocket.port")
                        .forEach(port -> listen(
                                List.of(workload.pods()), container.node().at(probe + port)));
            }
        }
        pod.each("volumes")
                .forEach(volume ->
                        findings.unless(mounted.contains(volume.text("name")), volume, "no container mounts it"));
    }

    /** Hosts of one label are services, as are the pods of a headless one; others are elsewhere. */
    private void checkHosts(Workload.Container container) {
        Map<String, String> said = new TreeMap<>(cluster.environment(container));
        List.of("command", "args")
                .forEach(
                        list -> said.put(list, String.join(" ", container.node().texts(list))));
        said.forEach((name, value) -> {
            String port = name.endsWith("_HOST") ? ":" + said.getOrDefault(name.replaceAll("HOST$", "PORT"), "") : "";
            for (MatchResult found :
                    HOST_AND_PORT.matcher(value + port).results().toList()) {
                String[] labels = found.group(1).split("\\.");
                boolean pod = labels.length == 2
                        && manifests.find("Service", labels[1]).isPresent();
                if (pod) {
                    exists("Pod", labels[0], "", container.node().at(name));
                }
                if (pod || labels.length == 1) {
                    exists(
                            "Service",
                            labels[labels.length - 1],
                            found.group(2),
                            container.node().at(name));
                }
            }
        });
    }

    private void checkResource(Node resource) {
        for (String[] row : NAMES) {
            if (resource.kind().matches(row[0])) {
                resource.all(row[1])
                        .filter(node -> node.has(row[2]))
                        .forEach(node -> exists(
                                row[4].replace('_', ' '), node.text(row[2]), node.text(row[3]), node.at(row[2])));
            }
        }
        switch (resource.kind()) {
            case "Service" -> {
                Map<String, String> labels = resource.map("spec.selector");
                List<Pods> selected = cluster.pods().stream()
                        .filter(pods -> pods.labels().entrySet().containsAll(labels.entrySet()))
                        .toList();
                findings.unless(!selected.isEmpty(), resource.at("spec.selector"), "matches no pod");
                resource.each("spec.ports")
                        .forEach(port ->
                                listen(selected, port.has("targetPort") ? port.at("targetPort") : port.at("port")));
            }
            case "HorizontalPodAutoscaler" -> checkScaler(resource, "spec.minReplicas", "spec.maxReplicas");
            case "ScaledObject" -> checkScaler(resource, "spec.minReplicaCount", "spec.maxReplicaCount");
            case "PodDisruptionBudget" -> matches(resource.at("spec.selector"));
            case "PodMonitor" -> {
                List<Pods> pods = matches(resource.at("spec.selector"));
                resource.all("spec.podMetricsEndpoints[].port").forEach(port -> listen(pods, port));
            }
            case "NetworkPolicy" -> checkPolicy(resource);
            case "KafkaTopic", "KafkaUser", "KafkaNodePool" ->
                exists("Kafka", resource.map("metadata.labels").getOrDefault("strimzi.io/cluster", ""), "", resource);
            default -> {}
        }
    }

    private void checkScaler(Node scaler, String least, String most) {
        boolean ordered = scaler.number(least, 1) <= scaler.number(most, 100);
        findings.unless(ordered, scaler, "the fewest replicas are more than the most");
        for (Node target : manifests.ofKind("Deployment")) {
            boolean both = target.name().equals(scaler.text("spec.scaleTargetRef.name")) && target.has("spec.replicas");
            findings.unless(!both, target.at("spec.replicas"), "is what " + scaler + " decides");
        }
    }

    private void checkPolicy(Node policy) {
        findings.unless(policy.has("spec.policyTypes"), policy, "does not say its policyTypes");
        List<Pods> pods = matches(policy.at("spec.podSelector"));
        policy.each("spec.ingress").forEach(rule -> {
            peers(rule, "from");
            rule.all("ports[].port").forEach(port -> listen(pods, port));
        });
        policy.each("spec.egress").forEach(rule -> {
            List<Pods> peers = peers(rule, "to");
            rule.all("ports[].port").forEach(port -> listen(peers, port));
        });
    }

    private List<Pods> peers(Node rule, String field) {
        return rule.each(field).stream()
                .filter(peer -> !peer.has("namespaceSelector"))
                .flatMap(peer -> matches(peer.at("podSelector")).stream())
                .toList();
    }

    private void listen(List<Pods> pods, Node port) {
        boolean fine =
                port.json().isMissingNode() || pods.isEmpty() || pods.stream().anyMatch(one -> one.listenAt(port));
        findings.unless(fine, port, "no pod has a port " + port.text());
    }

    /** References to Secrets and ConfigMaps, wherever in an object they are. */
    private void checkHolders(String field, Node node) {
        node.each("").forEach(element -> checkHolders(field, element));
        if (node.json().isObject()) {
            node.json().propertyNames().forEach(name -> checkHolders(name, node.at(name)));
        }
        String kind = HOLDERS.getOrDefault(field, "Secret");
        boolean one = node.has("key") && node.has("name") && !field.equals("remoteRef");
        boolean made = node.object().startsWith("Certificate/")
                || node.json().isArray()
                || node.json().isNull();
        if (one || HOLDERS.containsKey(field) && !made) {
            Node name = node.has("name") ? node.at("name") : node;
            exists(kind, name.text(), node.text("key"), name);
        }
        String secret = node.text("secretName", node.text("name"));
        node.all("items[].key")
                .forEach(key -> exists(field.equals("secret") ? "Secret" : kind, secret, key.text(), key));
    }
}

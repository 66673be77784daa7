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
record References(Manifests manifests, Cluster cluster, Findings findings, Set<String> used) {

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

    /** Fields of any kind which themselves, or whose {@code name}, are that of a Secret or a ConfigMap. */
    private static final String SECRETS =
            "passwordSecret|certificateRefs|secretName|(serverTLS|serverCA|clientCA|replicationTLS)Secret";

    private static final String CONFIG_MAPS = "configMapRef|configMap|configMapKeyRef";

    /** Hosts with ports in settings: {@code redis:6379}, {@code http://identity:8080/}. */
    private static final Pattern HOST_AND_PORT =
            Pattern.compile("(?<![\\w.-])([a-z][a-z0-9-]*(?:\\.[a-z0-9-]+)*):(\\d{2,5})\\b");

    static void check(Manifests manifests, Findings findings) {
        References references = new References(manifests, Cluster.of(manifests), findings, new HashSet<>());
        manifests.workloads().forEach(references::checkPods);
        manifests.resources().forEach(references::checkResource);
        manifests.resources().forEach(resource -> references.checkHolders("", resource));
        for (Node made : manifests.resources()) {
            boolean external = made.kind().equals("ExternalSecret");
            String object = external ? "Secret/" + Cluster.secretOf(made) : made.object();
            boolean toUse = external || made.kind().equals("ConfigMap");
            findings.unless(!toUse || references.used.contains(object), made, "nothing uses it");
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
        for (Node spread : pod.each("topologySpreadConstraints")) {
            findings.unless(spread.at("labelSelector").selects(labels), spread, "does not match the pods themselves");
        }
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
                listen(List.of(workload.pods()), container.node().at(probe + ".httpGet.port"));
                listen(List.of(workload.pods()), container.node().at(probe + ".tcpSocket.port"));
            }
        }
        for (Node volume : pod.each("volumes")) {
            findings.unless(mounted.contains(volume.text("name")), volume, "no container mounts it");
        }
    }

    /** Hosts of one label are services, as are the pods of a headless one; others are elsewhere. */
    private void checkHosts(Workload.Container container) {
        Node node = container.node();
        Map<String, String> said = new TreeMap<>(cluster.environment(container));
        List.of("command", "args").forEach(list -> said.put(list, String.join(" ", node.texts(list))));
        said.forEach((name, value) -> {
            String port = name.endsWith("_HOST") ? ":" + said.getOrDefault(name.replaceAll("HOST$", "PORT"), "") : "";
            for (MatchResult found : Manifests.matches(HOST_AND_PORT, value + port)) {
                List<String> labels = List.of(found.group(1).split("\\."));
                boolean pod = labels.size() == 2 && cluster.objects().containsKey("Service/" + labels.getLast());
                if (pod) {
                    exists("Pod", labels.getFirst(), "", node.at(name));
                }
                if (pod || labels.size() == 1) {
                    exists("Service", labels.getLast(), found.group(2), node.at(name));
                }
            }
        });
    }

    private void checkResource(Node resource) {
        for (String[] row : NAMES) {
            for (Node node :
                    resource.kind().matches(row[0]) ? resource.all(row[1]).toList() : List.<Node>of()) {
                if (node.has(row[2])) {
                    exists(row[4].replace('_', ' '), node.text(row[2]), node.text(row[3]), node.at(row[2]));
                }
            }
        }
        switch (resource.kind()) {
            case "Service" -> {
                List<Pods> pods = matches(resource.at("spec.selector"));
                for (Node port : resource.each("spec.ports")) {
                    listen(pods, port.has("targetPort") ? port.at("targetPort") : port.at("port"));
                }
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
        boolean any = pods.isEmpty() || pods.stream().anyMatch(one -> one.listenAt(port));
        findings.unless(port.json().isMissingNode() || any, port, "no pod has a port " + port.text());
    }

    /** References to Secrets and ConfigMaps, wherever in an object they are. */
    private void checkHolders(String field, Node node) {
        node.each("").forEach(element -> checkHolders(field, element));
        if (node.json().isObject()) {
            node.json().propertyNames().forEach(name -> checkHolders(name, node.at(name)));
        }
        String kind = field.matches(CONFIG_MAPS) ? "ConfigMap" : "Secret";
        boolean key = node.has("key") && node.has("name") && !field.equals("remoteRef");
        boolean named =
                field.matches(SECRETS + "|" + CONFIG_MAPS) && !node.json().isArray();
        if (key || named && !node.kind().equals("Certificate")) {
            Node name = node.has("name") ? node.at("name") : node;
            exists(kind, name.text(), node.text("key"), name);
        }
        String holder = node.text("secretName", node.text("name"));
        node.all("items[].key").forEach(item -> exists(kind, holder, item.text(), item));
    }
}

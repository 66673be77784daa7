package dev.meridian.manifests;

import dev.meridian.manifests.Cluster.Pods;
import dev.meridian.manifests.Workload.Container;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What an object names exists, and selectors match something. */
final class References {

    /** Fields of any kind whose {@code name}, or which themselves, are that of a Secret. */
    private static final Set<String> SECRETS = Set.of(
            "passwordSecret",
            "superuserSecret",
            "certificateRefs",
            "secretName",
            "serverTLSSecret",
            "serverCASecret",
            "clientCASecret",
            "replicationTLSSecret");

    /** The one reference that an object of a kind has: its field, and the kind that it names. */
    private static final Map<String, Map.Entry<String, Function<Node, String>>> SINGLE = Map.of(
            "ExternalSecret", Map.entry("spec.secretStoreRef.name", node -> node.text("spec.secretStoreRef.kind")),
            "Certificate", Map.entry("spec.issuerRef.name", node -> node.text("spec.issuerRef.kind", "Issuer")),
            "Gateway", Map.entry("spec.gatewayClassName", _ -> "GatewayClass"),
            "Database", Map.entry("spec.cluster.name", _ -> "Cluster"),
            "ScheduledBackup", Map.entry("spec.cluster.name", _ -> "Cluster"),
            "HorizontalPodAutoscaler",
                    Map.entry("spec.scaleTargetRef.name", node -> node.text("spec.scaleTargetRef.kind")),
            "ScaledObject",
                    Map.entry("spec.scaleTargetRef.name", node -> node.text("spec.scaleTargetRef.kind", "Deployment")));

    /** Hosts with ports in settings: {@code redis:6379}, {@code http://identity:8080/}. */
    private static final Pattern HOST_AND_PORT =
            Pattern.compile("(?<![\\w.-])([a-z][a-z0-9-]*(?:\\.[a-z0-9-]+)*):(\\d{2,5})\\b");

    private final Cluster cluster;
    private final Manifests manifests;
    private final Manifests infrastructure;
    private final Findings findings;
    private final Set<String> used = new HashSet<>();

    private References(Manifests manifests, Manifests infrastructure, Findings findings) {
        this.cluster = Cluster.of(manifests);
        this.manifests = manifests;
        this.infrastructure = infrastructure;
        this.findings = findings;
    }

    /** @param infrastructure what every cluster has before, such as the store of secrets */
    static void check(Manifests manifests, Manifests infrastructure, Findings findings) {
        References references = new References(manifests, infrastructure, findings);
        manifests.workloads().forEach(references::checkPods);
        manifests.resources().forEach(references::checkResource);
        manifests.resources().forEach(resource -> references.checkSecrets("", resource));
        references.checkUnused();
    }

    private void checkPods(Workload workload) {
        Node pod = workload.pod();
        exists("ServiceAccount", pod.at("serviceAccountName"));
        Node selector = workload.resource().at("spec.selector");
        findings.unless(selector.selects(workload.labels()), selector, "does not match the labels of the template");
        for (Node constraint : pod.each("topologySpreadConstraints")) {
            boolean own = constraint.at("labelSelector").selects(workload.labels());
            findings.unless(own, constraint, "does not match the pods themselves");
        }
        Set<String> mounted = new HashSet<>();
        Set<String> volumes = new HashSet<>();
        pod.each("volumes").forEach(volume -> volumes.add(volume.text("name")));
        workload.resource()
                .each("spec.volumeClaimTemplates")
                .forEach(claim -> volumes.add(claim.text("metadata.name")));
        for (Container container : workload.containers()) {
            checkContainer(container);
            Set<String> paths = new HashSet<>();
            for (Node mount : container.node().each("volumeMounts")) {
                mounted.add(mount.text("name"));
                findings.unless(volumes.contains(mount.text("name")), mount, "the volume does not exist");
                String path = mount.text("mountPath");
                findings.unless(paths.add(path), container.node(), "mounts two volumes at " + path);
            }
        }
        for (Node volume : pod.each("volumes")) {
            findings.unless(mounted.contains(volume.text("name")), volume, "no container mounts it");
            Stream.concat(Stream.of(volume), volume.each("projected.sources").stream())
                    .forEach(source -> {
                        Node secret = source.at("secret");
                        keysExist(
                                "Secret",
                                secret.has("secretName") ? secret.at("secretName") : secret.at("name"),
                                secret);
                        keysExist("ConfigMap", source.at("configMap.name"), source.at("configMap"));
                    });
        }
        if (workload.resource().has("spec.serviceName")) {
            service(workload.resource().at("spec.serviceName"), "");
        }
    }

    private void checkContainer(Container container) {
        Node node = container.node();
        node.each("envFrom").forEach(source -> exists("ConfigMap", source.at("configMapRef.name")));
        Map<String, String> said = new TreeMap<>(cluster.environment(container));
        Stream.of("command", "args").forEach(list -> said.put(list, String.join(" ", node.texts(list))));
        said.forEach((name, value) -> {
            String port = name.endsWith("_HOST") ? ":" + said.getOrDefault(name.replaceAll("HOST$", "PORT"), "") : "";
            checkHosts(value + port, node.at(name));
        });
        for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
            Stream.of("httpGet", "tcpSocket", "grpc")
                    .map(action -> node.at(probe).at(action + ".port"))
                    .forEach(port -> isPort(container.ports(), port));
        }
    }

    /** Hosts of one label are services, as are the pods of a headless one; others are elsewhere. */
    private void checkHosts(String text, Node place) {
        for (MatchResult found : HOST_AND_PORT.matcher(text).results().toList()) {
            String[] labels = found.group(1).split("\\.");
            String set = labels[0].replaceAll("-\\d+$", "");
            if (labels.length == 2 && manifests.find("StatefulSet", set).isPresent()) {
                int replicas = manifests.find("StatefulSet", set).get().number("spec.replicas", 1);
                int pod = Integer.parseInt(labels[0].substring(set.length() + 1));
                findings.unless(pod < replicas, place, "there is no pod " + labels[0]);
                service(labels[1], found.group(2), place);
            } else if (labels.length == 1) {
                service(labels[0], found.group(2), place);
            }
        }
    }

    private void checkResource(Node resource) {
        Map.Entry<String, Function<Node, String>> single = SINGLE.get(resource.kind());
        if (single != null) {
            exists(single.getValue().apply(resource), resource.at(single.getKey()));
        }
        switch (resource.kind()) {
            case "Service" -> checkService(resource);
            case "HorizontalPodAutoscaler" -> checkScaler(resource, "spec.minReplicas", "spec.maxReplicas");
            case "ScaledObject" -> checkScaler(resource, "spec.minReplicaCount", "spec.maxReplicaCount");
            case "HTTPRoute" -> checkRoute(resource);
            case "PodDisruptionBudget" -> matches(resource.at("spec.selector"));
            case "PodMonitor" -> {
                List<Pods> pods = matches(resource.at("spec.selector"));
                for (Node endpoint : resource.each("spec.podMetricsEndpoints")) {
                    boolean known = pods.stream().anyMatch(one -> one.ports().containsKey(endpoint.text("port")));
                    findings.unless(known, endpoint, "no pod has a port " + endpoint.text("port"));
                }
            }
            case "NetworkPolicy" -> checkPolicy(resource);
            case "KafkaTopic", "KafkaUser", "KafkaNodePool" -> {
                String kafka = resource.map("metadata.labels").getOrDefault("strimzi.io/cluster", "");
                findings.unless(manifests.find("Kafka", kafka).isPresent(), resource, "there is no Kafka " + kafka);
            }
            case "Cluster" -> checkPostgres(resource);
            default -> {}
        }
    }

    private void checkService(Node service) {
        Map<String, String> labels = service.map("spec.selector");
        List<Pods> selected = cluster.pods().stream()
                .filter(pods -> pods.labels().entrySet().containsAll(labels.entrySet()))
                .toList();
        findings.unless(!selected.isEmpty(), service.at("spec.selector"), "matches no pod");
        for (Node port : service.each("spec.ports")) {
            Node target = port.has("targetPort") ? port.at("targetPort") : port.at("port");
            selected.forEach(pods -> isPort(pods.ports(), target));
        }
    }

    private void checkScaler(Node scaler, String least, String most) {
        boolean ordered = scaler.number(least, 1) <= scaler.number(most, 100);
        findings.unless(ordered, scaler, "the fewest replicas are more than the most");
        manifests
                .find("Deployment", scaler.text("spec.scaleTargetRef.name"))
                .ifPresent(target -> findings.unless(
                        !target.has("spec.replicas"), target.at("spec.replicas"), "is what " + scaler + " decides"));
        for (Node trigger : scaler.each("spec.triggers")) {
            if (trigger.has("authenticationRef")) {
                exists("TriggerAuthentication", trigger.at("authenticationRef.name"));
            }
        }
    }

    private void checkRoute(Node route) {
        for (Node parent : route.each("spec.parentRefs")) {
            exists("Gateway", parent.at("name"));
            String section = parent.text("sectionName");
            manifests
                    .find("Gateway", parent.text("name"))
                    .ifPresent(gateway -> findings.unless(
                            section.isEmpty()
                                    || gateway.each("spec.listeners").stream()
                                            .anyMatch(one -> one.text("name").equals(section)),
                            parent,
                            gateway + " has no listener " + section));
        }
        for (Node rule : route.each("spec.rules")) {
            rule.each("backendRefs").forEach(backend -> service(backend.at("name"), backend.text("port")));
        }
    }

    private void checkPolicy(Node policy) {
        List<Pods> pods = matches(policy.at("spec.podSelector"));
        findings.unless(policy.has("spec.policyTypes"), policy, "does not say its policyTypes");
        for (String direction : List.of("ingress", "egress")) {
            for (Node rule : policy.each("spec." + direction)) {
                List<Pods> peers = rule.each(direction.equals("ingress") ? "from" : "to").stream()
                        .filter(peer -> peer.has("podSelector") && !peer.has("namespaceSelector"))
                        .flatMap(peer -> matches(peer.at("podSelector")).stream())
                        .toList();
                List<Pods> targets = direction.equals("ingress") ? pods : peers;
                for (Node port : rule.each("ports")) {
                    boolean known =
                            targets.isEmpty() || targets.stream().anyMatch(one -> known(one.ports(), port.at("port")));
                    findings.unless(known, port, "no pod has the port " + port.text("port"));
                }
            }
        }
    }

    private void checkPostgres(Node postgres) {
        Set<String> external = names(postgres, "spec.externalClusters");
        for (String source : List.of("replica.source", "bootstrap.recovery.source", "bootstrap.pg_basebackup.source")) {
            Node named = postgres.at("spec." + source);
            findings.unless(
                    named.text().isEmpty() || external.contains(named.text()),
                    named,
                    "there is no external cluster " + named.text());
        }
        postgres.each("spec.plugins")
                .forEach(plugin -> exists("ObjectStore", plugin.at("parameters.barmanObjectName")));
        Set<String> roles = names(postgres, "spec.managed.roles");
        for (Node database : manifests.ofKind("Database")) {
            String owner = database.text("spec.owner");
            findings.unless(roles.contains(owner), database, "there is no role " + owner);
        }
    }

    private static Set<String> names(Node node, String list) {
        return node.each(list).stream().map(one -> one.text("name")).collect(Collectors.toSet());
    }

    /** References to Secrets, wherever in an object they are: by the names of the fields, or as a name and a key. */
    private void checkSecrets(String field, Node node) {
        if (node.json().isObject()) {
            if (node.has("key") && node.has("name") && !field.equals("remoteRef")) {
                keysExist(field.startsWith("configMap") ? "ConfigMap" : "Secret", node.at("name"), node);
            }
            node.json().propertyNames().forEach(name -> checkSecrets(name, node.at(name)));
        }
        node.each("").forEach(element -> checkSecrets(field, element));
        boolean made = node.object().startsWith("Certificate/");
        if (SECRETS.contains(field) && !made && !node.json().isArray()) {
            exists("Secret", node.has("name") ? node.at("name") : node);
        }
    }

    private void checkUnused() {
        for (Node made : manifests.ofKind("ConfigMap")) {
            findings.unless(used.contains(made.object()), made, "is used by nothing");
        }
        for (Node made : manifests.ofKind("ExternalSecret")) {
            boolean fine = used.contains("Secret/" + Cluster.secretOf(made));
            findings.unless(fine, made, "makes a secret that is used by nothing");
        }
    }

    private List<Pods> matches(Node selector) {
        List<Pods> matching = cluster.selected(selector);
        findings.unless(!matching.isEmpty(), selector, "matches no pod");
        return matching;
    }

    private void exists(String kind, Node name) {
        String object = kind + "/" + name.text();
        used.add(object);
        boolean there =
                switch (kind) {
                    case "Secret" -> cluster.secrets().containsKey(name.text());
                    case "ConfigMap" -> cluster.configMaps().containsKey(name.text());
                    default ->
                        manifests.find(kind, name.text()).isPresent()
                                || infrastructure.find(kind, name.text()).isPresent();
                };
        findings.unless(there, name, "there is no " + kind + " " + name.text());
    }

    /** The object, if any is named, and its keys: one, or those of items. */
    private void keysExist(String kind, Node name, Node reference) {
        if (name.json().isMissingNode()) {
            return;
        }
        exists(kind, name);
        Set<String> keys = (kind.equals("Secret") ? cluster.secrets() : cluster.configMaps()).get(name.text());
        Stream.concat(Stream.of(reference), reference.each("items").stream())
                .map(item -> item.at("key"))
                .filter(key -> keys != null && !key.text().isEmpty() && !keys.contains(key.text()))
                .forEach(key -> findings.add(key, kind + " " + name.text() + " has no key " + key.text()));
    }

    private void service(Node name, String port) {
        service(name.text(), port, name);
    }

    private void service(String name, String port, Node place) {
        Map<String, Integer> ports = cluster.services().get(name);
        findings.unless(ports != null, place, "there is no Service " + name);
        boolean open = ports == null || port.isEmpty() || ports.containsValue(Integer.parseInt(port));
        findings.unless(open, place, "the Service " + name + " has no port " + port);
    }

    private void isPort(Map<String, Integer> ports, Node port) {
        findings.unless(known(ports, port), port, "there is no port " + port.text());
    }

    private static boolean known(Map<String, Integer> ports, Node port) {
        return port.json().isMissingNode()
                || ports.containsKey(port.text())
                || ports.containsValue(port.json().asInt(0));
    }
}

package dev.meridian.manifests;

import dev.meridian.manifests.Workload.Container;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What is there once the manifests were applied: their objects, and what the operators make of them.
 *
 * @param objects by kind and name, and of each what others may name: keys, ports, listeners. Pods of a set, roles and other
 *     clusters of a database are among them.
 */
record Cluster(Manifests manifests, List<Pods> pods, Map<String, Set<String>> objects) {

    /** Pods of one template; their ports by name. */
    record Pods(String name, Map<String, String> labels, Map<String, Integer> ports) {

        boolean listenAt(Node port) {
            return ports.containsKey(port.text()) || ports.containsValue(port.number("", 0));
        }
    }

    static Cluster of(Manifests manifests) {
        Cluster cluster = new Cluster(manifests, new ArrayList<>(), new HashMap<>());
        manifests.workloads().forEach(workload -> cluster.pods.add(workload.pods()));
        Manifests.of("infrastructure").resources().forEach(cluster::add);
        manifests.resources().forEach(cluster::add);
        return cluster;
    }

    private Set<String> there(String kind, String name) {
        return objects.computeIfAbsent(kind + "/" + name, _ -> new TreeSet<>());
    }

    private void add(Node resource) {
        String name = resource.name();
        Set<String> parts = there(resource.kind(), name);
        switch (resource.kind()) {
            case "Secret", "ConfigMap" -> parts.addAll(resource.keys("data"));
            case "Service" -> resource.each("spec.ports").forEach(port -> parts.add(port.text("port")));
            case "Gateway" -> resource.each("spec.listeners").forEach(listener -> parts.add(listener.text("name")));
            case "StatefulSet" -> {
                for (int i = 0; i < resource.number("spec.replicas", 1); i++) {
                    there("Pod", name + "-" + i);
                }
            }
            case "ExternalSecret" -> {
                Set<String> keys = there("Secret", secretOf(resource));
                keys.addAll(resource.keys("spec.target.template.data"));
                if (keys.isEmpty()) {
                    resource.each("spec.data").forEach(entry -> keys.add(entry.text("secretKey")));
                }
            }
            case "Certificate" ->
                there("Secret", resource.text("spec.secretName")).addAll(Set.of("tls.crt", "tls.key", "ca.crt"));
            case "Cluster" -> addPostgres(resource, name);
            case "Kafka" -> addKafka(resource, name);
            case "KafkaUser" -> {
                for (Node kafka : manifests.ofKind("Kafka")) {
                    String prefix = kafka.text("spec.entityOperator.userOperator.secretPrefix");
                    there("Secret", prefix + name).addAll(Set.of("password", "sasl.jaas.config"));
                }
            }
            default -> {}
        }
    }

    static String secretOf(Node externalSecret) {
        return externalSecret.text("spec.target.name", externalSecret.name());
    }

    /** CloudNativePG. */
    private void addPostgres(Node postgres, String name) {
        Map<String, String> own = Map.of("serverCA", "-ca", "serverTLS", "-server", "replicationTLS", "-replication");
        own.forEach((field, suffix) -> {
            if (!postgres.has("spec.certificates." + field + "Secret")) {
                there("Secret", name + suffix).addAll(Set.of("ca.crt", "ca.key", "tls.crt", "tls.key"));
            }
        });
        postgres.each("spec.managed.roles").forEach(role -> there("role", role.text("name")));
        postgres.each("spec.externalClusters").forEach(other -> there("external cluster", other.text("name")));
        for (String suffix : List.of("-rw", "-ro", "-r")) {
            there("Service", name + suffix).add("5432");
        }
        Map<String, String> labels = postgres.map("spec.inheritedMetadata.labels");
        labels.putAll(Map.of("cnpg.io/cluster", name, "cnpg.io/instanceRole", "primary"));
        pods.add(new Pods(name, labels, Map.of("postgresql", 5432, "metrics", 9187, "status", 8000)));
    }

    /** Strimzi. */
    private void addKafka(Node kafka, String name) {
        there("Secret", name + "-cluster-ca-cert").addAll(Set.of("ca.crt", "ca.p12", "ca.password"));
        Map<String, Integer> ports = new TreeMap<>(Map.of("control", 9090, "replication", 9091, "agent", 8443));
        for (Node listener : kafka.each("spec.kafka.listeners")) {
            String suffix = listener.text("type").equals("internal") ? "" : "-" + listener.text("name");
            there("Service", name + "-kafka" + suffix + "-bootstrap").add(listener.text("port"));
            ports.put("tcp-" + listener.text("name"), listener.number("port", 0));
        }
        if (kafka.has("spec.kafka.metricsConfig")) {
            ports.put("tcp-prometheus", 9404);
        }
        addStrimzi(kafka, name + "-kafka", ports);
        addStrimzi(kafka, name + "-entity-operator", Map.of());
    }

    private void addStrimzi(Node kafka, String name, Map<String, Integer> ports) {
        Map<String, String> labels = kafka.map("metadata.labels");
        labels.putAll(Map.of("strimzi.io/cluster", kafka.name(), "strimzi.io/kind", "Kafka", "strimzi.io/name", name));
        pods.add(new Pods(name, labels, ports));
    }

    List<Pods> selected(Node selector) {
        return pods.stream().filter(one -> selector.selects(one.labels())).toList();
    }

    Map<String, String> texts(String configMap) {
        return manifests
                .find("ConfigMap", configMap)
                .map(map -> map.map("data"))
                .orElse(Map.of());
    }

    /** Of a container; the value of what a Secret holds is empty. */
    Map<String, String> environment(Container container) {
        Map<String, String> environment = new TreeMap<>();
        container.node().all("envFrom[].configMapRef.name").forEach(name -> environment.putAll(texts(name.text())));
        container.node().each("env").forEach(entry -> environment.put(entry.text("name"), entry.text("value")));
        return environment;
    }

    /** The files of Secrets and ConfigMaps that a container sees; what is in a Secret is not known. */
    Map<String, String> files(Container container) {
        Map<String, String> files = new TreeMap<>();
        for (Node mount : container.node().each("volumeMounts")) {
            for (Node volume : container.workload().pod().each("volumes")) {
                if (volume.text("name").equals(mount.text("name"))) {
                    addFiles(mount.text("mountPath") + "/", volume, files);
                }
            }
        }
        return files;
    }

    private void addFiles(String folder, Node volume, Map<String, String> files) {
        Map<String, String> texts = texts(volume.text("configMap.name"));
        for (String kind : List.of("configMap", "secret")) {
            String object = (kind.equals("secret") ? "Secret/" : "ConfigMap/")
                    + volume.text(kind + ".secretName", volume.text(kind + ".name"));
            List<Node> items = volume.each(kind + ".items");
            items.forEach(item -> files.put(folder + item.text("path"), texts.getOrDefault(item.text("key"), "")));
            Set<String> keys = items.isEmpty() ? objects.getOrDefault(object, Set.of()) : Set.of();
            keys.forEach(key -> files.put(folder + key, texts.getOrDefault(key, "")));
        }
    }
}

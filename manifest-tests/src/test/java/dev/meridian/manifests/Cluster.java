package dev.meridian.manifests;

import dev.meridian.manifests.Workload.Container;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What is in the cluster once the manifests were applied: their objects, and what the operators make of them.
 *
 * @param secrets the keys of each, by name
 * @param configMaps the keys of each, by name
 * @param services the ports of each, by name; a port without a name goes by its number
 */
record Cluster(
        Manifests manifests,
        List<Pods> pods,
        Map<String, Set<String>> secrets,
        Map<String, Set<String>> configMaps,
        Map<String, Map<String, Integer>> services) {

    /** Pods of one template; their ports by name. */
    record Pods(String name, Map<String, String> labels, Map<String, Integer> ports) {}

    static Cluster of(Manifests manifests) {
        Cluster cluster = new Cluster(manifests, new ArrayList<>(), new HashMap<>(), new HashMap<>(), new TreeMap<>());
        for (Workload workload : manifests.workloads()) {
            cluster.pods.add(new Pods(workload.resource().name(), workload.labels(), workload.ports()));
        }
        manifests.resources().forEach(cluster::add);
        return cluster;
    }

    private void add(Node resource) {
        String name = resource.name();
        switch (resource.kind()) {
            case "Secret" -> secrets.put(name, resource.keys("data"));
            case "ConfigMap" -> configMaps.put(name, resource.keys("data"));
            case "Service" -> {
                Map<String, Integer> ports = new LinkedHashMap<>();
                for (Node port : resource.each("spec.ports")) {
                    ports.put(port.text("name", port.text("port")), port.number("port", 0));
                }
                services.put(name, ports);
            }
            case "ExternalSecret" -> {
                Set<String> keys = new HashSet<>(resource.keys("spec.target.template.data"));
                if (keys.isEmpty()) {
                    resource.each("spec.data").forEach(entry -> keys.add(entry.text("secretKey")));
                }
                secrets.put(secretOf(resource), keys);
            }
            case "Certificate" -> secrets.put(resource.text("spec.secretName"), Set.of("tls.crt", "tls.key", "ca.crt"));
            case "Cluster" -> addPostgres(resource, name);
            case "Kafka" -> addKafka(resource, name);
            case "KafkaUser" -> {
                String prefix = manifests.ofKind("Kafka").stream()
                        .map(kafka -> kafka.text("spec.entityOperator.userOperator.secretPrefix"))
                        .collect(Collectors.joining());
                secrets.put(prefix + name, Set.of("password", "sasl.jaas.config"));
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
                secrets.put(name + suffix, Set.of("ca.crt", "ca.key", "tls.crt", "tls.key"));
            }
        });
        if (postgres.has("spec.bootstrap.initdb") && !postgres.has("spec.bootstrap.initdb.secret")) {
            secrets.put(name + "-app", Set.of("username", "password", "dbname", "host", "port", "uri", "pgpass"));
        }
        List.of("-rw", "-ro", "-r").forEach(suffix -> services.put(name + suffix, Map.of("postgres", 5432)));
        Map<String, String> labels = postgres.map("spec.inheritedMetadata.labels");
        labels.putAll(
                Map.of("cnpg.io/cluster", name, "cnpg.io/podRole", "instance", "cnpg.io/instanceRole", "primary"));
        pods.add(new Pods(name, labels, Map.of("postgresql", 5432, "metrics", 9187, "status", 8000)));
    }

    /** Strimzi. */
    private void addKafka(Node kafka, String name) {
        secrets.put(name + "-cluster-ca-cert", Set.of("ca.crt", "ca.p12", "ca.password"));
        Map<String, Integer> listeners = new LinkedHashMap<>();
        for (Node listener : kafka.each("spec.kafka.listeners")) {
            Map<String, Integer> port = Map.of("tcp-" + listener.text("name"), listener.number("port", 0));
            listeners.putAll(port);
            if (!listener.text("type").equals("internal")) {
                services.put(name + "-kafka-" + listener.text("name") + "-bootstrap", port);
            }
        }
        services.put(name + "-kafka-bootstrap", listeners);
        services.put(name + "-kafka-brokers", listeners);
        Map<String, Integer> ports = new LinkedHashMap<>(listeners);
        ports.putAll(Map.of("tcp-ctrlplane", 9090, "tcp-replication", 9091, "tcp-kafkaagent", 8443));
        if (kafka.has("spec.kafka.metricsConfig")) {
            ports.put("tcp-prometheus", 9404);
        }
        addStrimzi(kafka, name + "-kafka", ports);
        if (kafka.has("spec.entityOperator")) {
            addStrimzi(kafka, name + "-entity-operator", Map.of());
        }
    }

    private void addStrimzi(Node kafka, String name, Map<String, Integer> ports) {
        Map<String, String> labels = kafka.map("metadata.labels");
        labels.putAll(Map.of("strimzi.io/cluster", kafka.name(), "strimzi.io/kind", "Kafka", "strimzi.io/name", name));
        pods.add(new Pods(name, labels, ports));
    }

    List<Pods> selected(Node selector) {
        return pods.stream()
                .filter(candidate -> selector.selects(candidate.labels()))
                .toList();
    }

    /** Of a container; the value of what a Secret holds is empty. */
    Map<String, String> environment(Container container) {
        Map<String, String> environment = new TreeMap<>();
        for (Node source : container.node().each("envFrom")) {
            manifests
                    .find("ConfigMap", source.text("configMapRef.name"))
                    .ifPresent(map -> environment.putAll(map.map("data")));
        }
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
                    volume.each("projected.sources")
                            .forEach(source -> addFiles(mount.text("mountPath") + "/", source, files));
                }
            }
        }
        return files;
    }

    private void addFiles(String folder, Node source, Map<String, String> files) {
        String map = source.text("configMap.name");
        Map<String, String> content = new TreeMap<>();
        manifests.find("ConfigMap", map).ifPresent(found -> content.putAll(found.map("data")));
        Set<String> keys = source.has("configMap")
                ? configMaps.getOrDefault(map, Set.of())
                : secrets.getOrDefault(source.text("secret.secretName", source.text("secret.name")), Set.of());
        List<Node> items = source.each(source.has("configMap") ? "configMap.items" : "secret.items");
        items.forEach(item -> files.put(folder + item.text("path"), content.getOrDefault(item.text("key"), "")));
        if (items.isEmpty()) {
            keys.forEach(key -> files.put(folder + key, content.getOrDefault(key, "")));
        }
    }
}

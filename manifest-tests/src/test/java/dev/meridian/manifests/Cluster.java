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
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

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
    record Pods(String name, Map<String, String> labels, Map<String, Integer> ports) {

        /** Whether a label selector matches; an empty one matches everything. */
        boolean match(JsonNode selector) {
            return Cluster.matches(selector, labels);
        }
    }

    static Cluster of(Manifests manifests) {
        Cluster cluster = new Cluster(manifests, new ArrayList<>(), new HashMap<>(), new HashMap<>(), new TreeMap<>());
        manifests
                .workloads()
                .forEach(workload ->
                        cluster.pods.add(new Pods(workload.toString(), workload.labels(), workload.ports())));
        manifests.resources().forEach(cluster::add);
        return cluster;
    }

    private void add(Resource resource) {
        String name = resource.name();
        switch (resource.kind()) {
            case "Secret" -> secrets.put(name, keys(resource.at("/data"), resource.at("/stringData")));
            case "ConfigMap" -> configMaps.put(name, keys(resource.at("/data"), resource.at("/binaryData")));
            case "Service" -> {
                Map<String, Integer> ports = new LinkedHashMap<>();
                resource.each("/spec/ports")
                        .forEach(port -> ports.put(
                                port.path("name").asString(port.path("port").asString("")),
                                port.path("port").asInt(0)));
                services.put(name, ports);
            }
            case "ExternalSecret" -> secrets.put(externalSecret(resource), keysOf(resource));
            case "Certificate" ->
                secrets.put(resource.text("/spec/secretName"), Set.of("tls.crt", "tls.key", "ca.crt"));
            case "Cluster" -> addPostgres(resource, name);
            case "Kafka" -> addKafka(resource, name);
            case "KafkaUser" ->
                secrets.put(
                        manifests
                                        .ofKind("Kafka")
                                        .map(kafka -> kafka.text("/spec/entityOperator/userOperator/secretPrefix"))
                                        .findFirst()
                                        .orElse("")
                                + name,
                        resource.text("/spec/authentication/type").equals("tls")
                                ? Set.of("ca.crt", "user.crt", "user.key", "user.p12", "user.password")
                                : Set.of("password", "sasl.jaas.config"));
            default -> {}
        }
    }

    static String externalSecret(Resource resource) {
        return resource.at("/spec/target/name").asString(resource.name());
    }

    private static Set<String> keysOf(Resource externalSecret) {
        JsonNode template = externalSecret.at("/spec/target/template/data");
        return template.isEmpty()
                ? externalSecret
                        .each("/spec/data")
                        .map(entry -> entry.path("secretKey").asString(""))
                        .collect(Collectors.toSet())
                : keys(template);
    }

    /** CloudNativePG. */
    private void addPostgres(Resource cluster, String name) {
        JsonNode given = cluster.at("/spec/certificates");
        if (!given.has("serverCASecret")) {
            secrets.put(name + "-ca", Set.of("ca.crt", "ca.key"));
        }
        if (!given.has("serverTLSSecret")) {
            secrets.put(name + "-server", Set.of("tls.crt", "tls.key"));
        }
        if (!given.has("replicationTLSSecret")) {
            secrets.put(name + "-replication", Set.of("tls.crt", "tls.key"));
        }
        if (cluster.text("/spec/bootstrap/initdb/secret/name").isEmpty()) {
            secrets.put(name + "-app", Set.of("username", "password", "dbname", "host", "port", "uri", "pgpass"));
        }
        Map<String, Integer> port = Map.of("postgres", 5432);
        List.of("-rw", "-ro", "-r").forEach(suffix -> services.put(name + suffix, port));
        cluster.each("/spec/managed/services/additional")
                .forEach(service -> services.put(
                        service.at("/serviceTemplate/metadata/name").asString(""), port));
        Map<String, String> labels = Resource.texts(cluster.at("/spec/inheritedMetadata/labels"));
        labels.putAll(
                Map.of("cnpg.io/cluster", name, "cnpg.io/podRole", "instance", "cnpg.io/instanceRole", "primary"));
        pods.add(new Pods(cluster.toString(), labels, Map.of("postgresql", 5432, "metrics", 9187, "status", 8000)));
    }

    /** Strimzi. */
    private void addKafka(Resource kafka, String name) {
        secrets.put(name + "-cluster-ca-cert", Set.of("ca.crt", "ca.p12", "ca.password"));
        secrets.put(name + "-clients-ca-cert", Set.of("ca.crt", "ca.p12", "ca.password"));
        Map<String, Integer> ports =
                new LinkedHashMap<>(Map.of("tcp-ctrlplane", 9090, "tcp-replication", 9091, "tcp-kafkaagent", 8443));
        Map<String, Integer> internal = new LinkedHashMap<>();
        kafka.each("/spec/kafka/listeners").forEach(listener -> {
            String port = "tcp-" + listener.path("name").asString("");
            ports.put(port, listener.path("port").asInt(0));
            internal.put(port, listener.path("port").asInt(0));
            if (!listener.path("type").asString("").equals("internal")) {
                services.put(
                        name + "-kafka-" + listener.path("name").asString("") + "-bootstrap",
                        Map.of(port, listener.path("port").asInt(0)));
            }
        });
        if (kafka.at("/spec/kafka").has("metricsConfig")) {
            ports.put("tcp-prometheus", 9404);
        }
        services.put(name + "-kafka-bootstrap", internal);
        services.put(name + "-kafka-brokers", internal);
        pods.add(strimzi(kafka, name, name + "-kafka", ports));
        if (kafka.at("/spec").has("entityOperator")) {
            pods.add(strimzi(kafka, name, name + "-entity-operator", Map.of("healthcheck", 8081)));
        }
    }

    private static Pods strimzi(Resource kafka, String cluster, String name, Map<String, Integer> ports) {
        Map<String, String> labels = kafka.labels();
        labels.putAll(Map.of("strimzi.io/cluster", cluster, "strimzi.io/kind", "Kafka", "strimzi.io/name", name));
        return new Pods("Kafka/" + name, labels, ports);
    }

    private static Set<String> keys(JsonNode... maps) {
        return Stream.of(maps)
                .flatMap(map -> map.propertyStream().map(Map.Entry::getKey))
                .collect(Collectors.toCollection(HashSet::new));
    }

    /** Of a container; the value of one that a Secret holds is empty. */
    Map<String, String> environment(Container container) {
        Map<String, String> environment = new TreeMap<>();
        container
                .json()
                .path("envFrom")
                .valueStream()
                .map(source -> source.at("/configMapRef/name").asString(""))
                .flatMap(name -> manifests.find("ConfigMap", name).stream())
                .forEach(source -> environment.putAll(Resource.texts(source.at("/data"))));
        container
                .json()
                .path("env")
                .forEach(entry -> environment.put(
                        entry.path("name").asString(""), entry.path("value").asString("")));
        return environment;
    }

    List<Pods> matching(JsonNode selector) {
        return pods.stream().filter(candidate -> candidate.match(selector)).toList();
    }

    /** By a Service's selector, which is a plain map. */
    List<Pods> selected(JsonNode labels) {
        return pods.stream()
                .filter(candidate -> candidate
                        .labels()
                        .entrySet()
                        .containsAll(Resource.texts(labels).entrySet()))
                .toList();
    }

    static boolean matches(JsonNode selector, Map<String, String> labels) {
        return labels.entrySet()
                        .containsAll(
                                Resource.texts(selector.path("matchLabels")).entrySet())
                && selector.path("matchExpressions").valueStream().allMatch(expression -> {
                    String value = labels.get(expression.path("key").asString(""));
                    boolean listed = value != null
                            && expression
                                    .path("values")
                                    .valueStream()
                                    .anyMatch(one -> one.asString("").equals(value));
                    return switch (expression.path("operator").asString("")) {
                        case "In" -> listed;
                        case "NotIn" -> !listed;
                        case "Exists" -> value != null;
                        case "DoesNotExist" -> value == null;
                        default -> false;
                    };
                });
    }
}

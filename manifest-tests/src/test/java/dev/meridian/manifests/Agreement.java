package dev.meridian.manifests;

import dev.meridian.manifests.Workload.Container;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** What the manifests say again of topics.conf, docker-compose.yml and the Dockerfile. */
final class Agreement {

    /** Jobs that docker-compose.yml does without, and their users. */
    private static final Set<String> ONLY_HERE = Set.of("kafka-groups", "orders-service-migration", "worker-migration");

    private static final Pattern TOPIC = Pattern.compile("(?m)^topic (\\S+) +(\\d+)(.*)$");
    private static final Pattern GROUP = Pattern.compile("(?m)^group (\\S+) +(.+)$");
    private static final Pattern GRANT = Pattern.compile("(?m)^grant (\\S+) +(\\S+) +(topic|group) +(.+)$");
    private static final Pattern IMAGE_PORT = Pattern.compile("(MANAGEMENT_)?SERVER_PORT=(\\d{4})");
    private static final Pattern HOST_AND_PORT = Pattern.compile("([a-z-]+):(\\d{4,5})");

    private Agreement() {}

    static void check(Manifests manifests, Findings findings) {
        String topics = Manifests.source("edge/kafka/topics.conf");
        checkTopics(manifests, topics, findings);
        checkGrants(manifests, topics, findings);
        checkGroups(manifests, topics, findings);
        checkImages(manifests, findings);
        JsonNode compose = Manifests.yaml(Manifests.source("docker-compose.yml"))
                .findFirst()
                .orElseThrow();
        checkCompose(manifests, compose.path("services"), findings);
    }

    private static void checkTopics(Manifests manifests, String conf, Findings findings) {
        Map<String, Set<String>> declared = new TreeMap<>();
        TOPIC.matcher(conf).results().forEach(topic -> {
            Set<String> settings = new TreeSet<>(words(topic.group(3)));
            settings.add("partitions=" + topic.group(2));
            declared.put(topic.group(1), settings);
        });
        Map<String, Set<String>> made = new TreeMap<>();
        for (Node topic : manifests.ofKind("KafkaTopic")) {
            Set<String> settings = new TreeSet<>(Set.of("partitions=" + topic.text("spec.partitions")));
            topic.map("spec.config").forEach((name, value) -> settings.add(name + "=" + value));
            made.put(topic.text("spec.topicName", topic.name()), settings);
        }
        compare("KafkaTopic/", declared, made, findings);
    }

    private static void checkGrants(Manifests manifests, String conf, Findings findings) {
        Map<String, Set<String>> declared = new TreeMap<>();
        GRANT.matcher(conf)
                .results()
                .forEach(grant -> words(grant.group(4))
                        .forEach(name -> declared.computeIfAbsent(grant.group(1), _ -> new TreeSet<>())
                                .add(grant.group(2) + " " + grant.group(3) + " " + name)));
        Map<String, Set<String>> made = new TreeMap<>();
        for (Node user : manifests.ofKind("KafkaUser")) {
            Set<String> grants = new TreeSet<>();
            for (Node acl : user.each("spec.authorization.acls")) {
                String any = acl.text("resource.patternType").equals("prefix") ? "*" : "";
                for (String operation : acl.texts("operations")) {
                    String verb =
                            operation.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
                    grants.add(verb + " " + acl.text("resource.type") + " " + acl.text("resource.name") + any);
                }
            }
            made.put(user.name(), grants);
        }
        made.keySet().removeAll(ONLY_HERE);
        compare("KafkaUser/", declared, made, findings);
    }

    private static <T> void compare(String kind, Map<String, T> declared, Map<String, T> made, Findings findings) {
        Set<String> names = new TreeSet<>(declared.keySet());
        names.addAll(made.keySet());
        for (String name : names) {
            boolean same = declared.containsKey(name) && declared.get(name).equals(made.get(name));
            findings.unless(same, kind + name, "topics.conf says " + declared.get(name) + ", not " + made.get(name));
        }
    }

    /** A topic's settings are an object's; a group's are set by a job, from topics.conf itself or from what equals it. */
    private static void checkGroups(Manifests manifests, String conf, Findings findings) {
        String said = manifests.resources().stream()
                .filter(resource -> Set.of("Job", "ConfigMap").contains(resource.kind()))
                .map(resource -> resource.json().toString())
                .collect(Collectors.joining());
        GROUP.matcher(conf)
                .results()
                .forEach(group -> words(group.group(2))
                        .forEach(setting -> findings.unless(
                                said.contains(setting),
                                "Job",
                                "none sets " + setting + " of group " + group.group(1))));
    }

    /** The Dockerfile's ports, by the names that containers give them. */
    private static void checkImages(Manifests manifests, Findings findings) {
        Map<String, Integer> ports = new HashMap<>();
        IMAGE_PORT
                .matcher(Manifests.source("Dockerfile"))
                .results()
                .forEach(found ->
                        ports.put(found.group(1) == null ? "http" : "management", Integer.parseInt(found.group(2))));
        for (Container container : Applications.ours(manifests)) {
            container
                    .ports()
                    .forEach((name, port) -> findings.unless(
                            port.equals(ports.get(name)), container.node(), name + " is not the image's port"));
        }
    }

    private static void checkCompose(Manifests manifests, JsonNode compose, Findings findings) {
        for (Workload workload : manifests.workloads()) {
            Node resource = workload.resource();
            String name = workload.labels().getOrDefault("app.kubernetes.io/name", "");
            findings.unless(
                    compose.has(name) || ONLY_HERE.contains(name),
                    resource,
                    "docker-compose.yml has no service " + name);
            findings.unless(resource.name().equals(name), resource, "app.kubernetes.io/name is not its name");
            String whole = workload.labels().getOrDefault("app.kubernetes.io/part-of", "");
            findings.unless(whole.equals("meridian"), resource, "app.kubernetes.io/part-of is not meridian");
            String limit = compose.path(name).path("mem_limit").asString("").replace("m", "Mi");
            for (Container container : workload.containers()) {
                Node memory = container.node().at("resources.limits.memory");
                boolean same = limit.isEmpty() || bytes(memory.text()).equals(bytes(limit));
                findings.unless(same, memory, "docker-compose.yml has " + limit);
            }
        }
        Map<String, Map<String, Integer>> services = Cluster.of(manifests).services();
        for (JsonNode service : compose) {
            JsonNode environment = service.path("environment");
            String redis = environment.path("SPRING_DATA_REDIS_HOST").asString("") + ":"
                    + environment.path("SPRING_DATA_REDIS_PORT").asString("");
            HOST_AND_PORT.matcher(environment + redis).results().forEach(found -> {
                Map<String, Integer> ports = services.get(found.group(1));
                boolean same = ports == null || ports.containsValue(Integer.parseInt(found.group(2)));
                findings.unless(same, "Service/" + found.group(1), "docker-compose.yml has " + found.group(2));
            });
        }
    }

    private static BigDecimal bytes(String quantity) {
        return WellFormed.quantity(quantity).orElse(BigDecimal.ZERO).stripTrailingZeros();
    }

    private static List<String> words(String text) {
        return text.isBlank() ? List.of() : List.of(text.trim().split(" +"));
    }
}

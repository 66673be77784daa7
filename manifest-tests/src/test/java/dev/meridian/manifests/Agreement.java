package dev.meridian.manifests;

import dev.meridian.manifests.Workload.Container;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/** What the manifests say again of topics.conf, docker-compose.yml and the Dockerfile. */
final class Agreement {

    /** Jobs that docker-compose.yml does without, and their users. */
    private static final Set<String> ONLY_HERE = Set.of("kafka-groups", "orders-service-migration", "worker-migration");

    private static final Pattern IMAGE_PORT = Pattern.compile("(MANAGEMENT_)?SERVER_PORT=(\\d{4})");
    private static final Pattern HOST_AND_PORT = Pattern.compile("([a-z-]+):(\\d{4,5})");

    private Agreement() {}

    static void check(Manifests manifests, Findings findings) {
        checkTopics(manifests, findings);
        checkImages(manifests, findings);
        Manifests.yaml(Manifests.source("docker-compose.yml"))
                .forEach(compose -> checkCompose(manifests, compose.path("services"), findings));
    }

    /** Topics and grants are objects; a group's settings are set by a job, from topics.conf itself or what equals it. */
    private static void checkTopics(Manifests manifests, Findings findings) {
        Set<String> declared = new TreeSet<>();
        String said = String.valueOf(
                manifests.ofKind("ConfigMap").stream().map(Node::json).toList());
        for (String line : Manifests.source("edge/kafka/topics.conf").lines().toList()) {
            List<String> words = List.of(line.split(" +"));
            if (words.getFirst().equals("topic")) {
                declared.add(String.join(" ", words));
            }
            for (String name : words.getFirst().equals("grant") ? words.subList(4, words.size()) : List.<String>of()) {
                declared.add(String.join(" ", words.subList(0, 4)) + " " + name);
            }
            for (String setting :
                    words.getFirst().equals("group") ? words.subList(2, words.size()) : List.<String>of()) {
                findings.unless(said.contains(setting), "topics.conf", "no job sets " + setting);
            }
        }
        Set<String> made = new TreeSet<>();
        for (Node topic : manifests.ofKind("KafkaTopic")) {
            Map<String, String> config = topic.map("spec.config"); // {a=b, c=d}
            String settings = config.toString().replaceAll("[{},]", "");
            made.add(("topic " + topic.name() + " " + topic.text("spec.partitions") + " " + settings).strip());
        }
        for (Node user : manifests.ofKind("KafkaUser")) {
            for (Node acl : ONLY_HERE.contains(user.name()) ? List.<Node>of() : user.each("spec.authorization.acls")) {
                String any = acl.text("resource.patternType").equals("prefix") ? "*" : "";
                String object = " " + acl.text("resource.type") + " " + acl.text("resource.name") + any;
                for (String operation : acl.texts("operations")) {
                    String verb = operation.replace("eC", "e_C").toLowerCase(Locale.ROOT);
                    made.add("grant " + user.name() + " " + verb + object);
                }
            }
        }
        declared.forEach(line -> findings.unless(made.contains(line), "topics.conf", "not in the manifests: " + line));
        made.forEach(line -> findings.unless(declared.contains(line), "topics.conf", "only in the manifests: " + line));
    }

    /** The Dockerfile's ports, by the names that containers give them. */
    private static void checkImages(Manifests manifests, Findings findings) {
        Map<String, Integer> ports = new HashMap<>();
        for (MatchResult found : Manifests.matches(IMAGE_PORT, Manifests.source("Dockerfile"))) {
            ports.put(found.group(1) == null ? "http" : "management", Integer.parseInt(found.group(2)));
        }
        for (Container container : Applications.ours(manifests)) {
            Map<String, Integer> said = container.workload().pods().ports();
            findings.unless(
                    ports.entrySet().containsAll(said.entrySet()), container.node(), "the image's ports are " + ports);
        }
    }

    private static void checkCompose(Manifests manifests, JsonNode compose, Findings findings) {
        for (Workload workload : manifests.workloads()) {
            Node resource = workload.resource();
            Map<String, String> labels = workload.pods().labels();
            String name = labels.getOrDefault("app.kubernetes.io/name", "");
            boolean known = compose.has(name) || ONLY_HERE.contains(name);
            findings.unless(known, resource, "docker-compose.yml has no service " + name);
            findings.unless(resource.name().equals(name), resource, "app.kubernetes.io/name is not its name");
            boolean part = labels.getOrDefault("app.kubernetes.io/part-of", "").equals("meridian");
            findings.unless(part, resource, "app.kubernetes.io/part-of is not meridian");
            String limit = compose.path(name).path("mem_limit").asString("").replace("m", "Mi");
            workload.pod()
                    .all("containers[].resources.limits.memory")
                    .forEach(memory -> findings.unless(
                            limit.isEmpty() || memory.text().equals(limit), memory, "docker-compose.yml has " + limit));
        }
        Map<String, Set<String>> objects = Cluster.of(manifests).objects();
        for (JsonNode service : compose) {
            String text = service.path("environment").toString().replaceAll("\",\"SPRING_DATA_REDIS_PORT\":\"", ":");
            for (MatchResult found : Manifests.matches(HOST_AND_PORT, text)) {
                String name = "Service/" + found.group(1);
                Set<String> ports = objects.getOrDefault(name, Set.of(found.group(2)));
                findings.unless(ports.contains(found.group(2)), name, "docker-compose.yml has " + found.group(2));
            }
        }
    }
}

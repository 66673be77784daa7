package dev.meridian.manifests;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** What the manifests say again of topics.conf, docker-compose.yml and the Dockerfile. */
final class Agreement {

    /** What is not a long-running component of docker-compose.yml. */
    private static final Set<String> ONLY_HERE = Set.of("kafka-groups", "orders-service-migration", "worker-migration");

    /** Two names for one thing: the broker's replicas are the environment's. */
    private static final Pattern GRANT = Pattern.compile("(?m)^grant (\\S+)\\s+(\\S+)\\s+(topic|group)\\s+(.+)$");

    private static final Pattern TOPIC = Pattern.compile("(?m)^topic (\\S+)\\s+(\\d+)(.*)$");
    private static final Pattern GROUP = Pattern.compile("(?m)^group (\\S+)\\s+(.+)$");

    private Agreement() {}

    static void check(Manifests manifests, Findings findings) {
        String topics = Manifests.read(Manifests.ROOT.resolve("edge/kafka/topics.conf"));
        checkTopics(manifests, topics, findings);
        checkGrants(manifests, topics, findings);
        checkGroups(manifests, topics, findings);
        checkCompose(manifests, findings);
    }

    private static void checkTopics(Manifests manifests, String conf, Findings findings) {
        Map<String, String> declared = new TreeMap<>();
        TOPIC.matcher(conf)
                .results()
                .forEach(topic -> declared.put(
                        topic.group(1), topic.group(2) + " partitions " + new TreeSet<>(words(topic.group(3)))));
        Map<String, String> made = new TreeMap<>();
        manifests.ofKind("KafkaTopic").forEach(topic -> {
            Set<String> settings = new TreeSet<>();
            topic.at("/spec/config").forEachEntry((name, value) -> settings.add(name + "=" + value.asString("")));
            made.put(
                    topic.at("/spec/topicName").asString(topic.name()),
                    topic.text("/spec/partitions") + " partitions " + settings);
        });
        compare("KafkaTopic", declared, made, findings);
    }

    private static void checkGrants(Manifests manifests, String conf, Findings findings) {
        Map<String, Set<String>> declared = new TreeMap<>();
        GRANT.matcher(conf)
                .results()
                .forEach(grant -> words(grant.group(4))
                        .forEach(name -> declared.computeIfAbsent(grant.group(1), _ -> new TreeSet<>())
                                .add(grant.group(2) + " " + grant.group(3) + " " + name)));
        Map<String, Set<String>> made = new TreeMap<>();
        manifests
                .ofKind("KafkaUser")
                .filter(user -> !ONLY_HERE.contains(user.name()))
                .forEach(user -> {
                    Set<String> grants = made.computeIfAbsent(user.name(), _ -> new TreeSet<>());
                    user.each("/spec/authorization/acls")
                            .forEach(acl -> acl.path("operations")
                                    .forEach(operation -> grants.add(operation
                                                    .asString("")
                                                    .replaceAll("(?<=[a-z])(?=[A-Z])", "_")
                                                    .toLowerCase(Locale.ROOT)
                                            + " " + acl.at("/resource/type").asString("")
                                            + " " + acl.at("/resource/name").asString("")
                                            + (acl.at("/resource/patternType")
                                                            .asString("literal")
                                                            .equals("prefix")
                                                    ? "*"
                                                    : ""))));
                });
        compare("KafkaUser", declared, made, findings);
    }

    private static <T> void compare(String kind, Map<String, T> declared, Map<String, T> made, Findings findings) {
        declared.forEach((name, value) -> findings.unless(
                value.equals(made.get(name)),
                kind + "/" + name,
                "spec",
                "is not as topics.conf says: " + value + ", but " + made.get(name)));
        made.keySet()
                .forEach(name -> findings.unless(
                        declared.containsKey(name), kind + "/" + name, "", "topics.conf does not know it"));
    }

    /** A topic's settings are an object's; a group's are set by a job, from topics.conf itself or from what equals it. */
    private static void checkGroups(Manifests manifests, String conf, Findings findings) {
        String said = manifests
                .ofKind("Job", "ConfigMap")
                .map(resource -> resource.json().toString())
                .collect(Collectors.joining());
        GROUP.matcher(conf)
                .results()
                .forEach(group -> findings.each(
                        words(group.group(2)),
                        said::contains,
                        "Job",
                        "",
                        setting -> "no job sets " + setting + " of group " + group.group(1)));
    }

    private static void checkCompose(Manifests manifests, Findings findings) {
        JsonNode compose = Manifests.yaml(Manifests.read(Manifests.ROOT.resolve("docker-compose.yml")))
                .findFirst()
                .orElseThrow()
                .path("services");
        Map<String, Integer> ports = imagePorts();
        manifests.workloads().forEach(workload -> {
            String name = workload.labels().getOrDefault("app.kubernetes.io/name", "");
            findings.unless(
                    compose.has(name) || ONLY_HERE.contains(name),
                    workload,
                    "labels",
                    "docker-compose.yml has no service " + name);
            findings.unless(
                    workload.resource().name().equals(name),
                    workload,
                    "labels",
                    "app.kubernetes.io/name is not its name");
            findings.unless(
                    "meridian".equals(workload.labels().get("app.kubernetes.io/part-of")),
                    workload,
                    "labels",
                    "app.kubernetes.io/part-of is not meridian");
            memory(compose.path(name).path("mem_limit").asString(""))
                    .ifPresent(limit -> workload.containers().stream()
                            .filter(container -> !container.init())
                            .forEach(container -> findings.unless(
                                    WellFormed.quantity(container.json().at("/resources/limits/memory"))
                                            .map(memory -> memory.compareTo(limit) == 0)
                                            .orElse(false),
                                    workload,
                                    container.path() + ".resources",
                                    "the memory is not that of docker-compose.yml")));
        });
        Applications.ours(manifests)
                .forEach(container -> container
                        .ports()
                        .forEach((name, port) -> findings.unless(
                                port.equals(ports.get(name)),
                                container.workload(),
                                container.path() + ".ports",
                                name + " is not the image's port")));
        composePorts(compose).forEach((host, port) -> {
            Map<String, Integer> service = Cluster.of(manifests).services().get(host);
            findings.unless(
                    service == null || service.containsValue(port),
                    "Service/" + host,
                    "spec.ports",
                    "docker-compose.yml says " + port);
        });
    }

    /** The Dockerfile's ports, by the names that containers give them. */
    private static Map<String, Integer> imagePorts() {
        Map<String, Integer> ports = new HashMap<>();
        Pattern.compile("(MANAGEMENT_)?SERVER_PORT=(\\d{4})")
                .matcher(Manifests.read(Manifests.ROOT.resolve("Dockerfile")))
                .results()
                .forEach(found ->
                        ports.put(found.group(1) == null ? "http" : "management", Integer.parseInt(found.group(2))));
        return ports;
    }

    /** Where services of docker-compose.yml find each other, apart from the broker, whose port stands for its listener. */
    private static Map<String, Integer> composePorts(JsonNode compose) {
        Map<String, Integer> ports = new TreeMap<>();
        List<String> texts = new ArrayList<>();
        compose.forEach(service -> {
            JsonNode environment = service.path("environment");
            environment.forEach(value -> texts.add(value.asString("")));
            texts.add(environment.path("SPRING_DATA_REDIS_HOST").asString("") + ":"
                    + environment.path("SPRING_DATA_REDIS_PORT").asString(""));
        });
        texts.stream()
                .flatMap(text ->
                        Pattern.compile("([a-z-]+):(\\d{4,5})").matcher(text).results())
                .map(MatchResult::group)
                .map(text -> text.split(":"))
                .filter(pair -> compose.has(pair[0]) && !pair[0].equals("kafka"))
                .forEach(pair -> ports.put(pair[0], Integer.parseInt(pair[1])));
        return ports;
    }

    private static Optional<BigDecimal> memory(String limit) {
        return limit.endsWith("m")
                ? Optional.of(new BigDecimal(limit.replace("m", "")).multiply(BigDecimal.valueOf(1 << 20)))
                : Optional.empty();
    }

    private static Collection<String> words(String text) {
        return text.isBlank() ? List.of() : List.of(text.trim().split("\\s+"));
    }
}

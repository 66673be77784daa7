package dev.meridian.manifests;

import dev.meridian.manifests.Workload.Container;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** What our programs read of their environment, as their settings and sources say. */
final class Applications {

    static final List<String> MODULES = List.of("discovery", "gateway", "identity", "orders-service", "worker");

    /** Read by Spring and the JVM themselves, whether our settings name them or not. */
    private static final Set<String> OF_THE_FRAMEWORK = Set.of(
            "spring.profiles.active", "spring.config.import", "jdk.java.options", "eureka.instance.preferipaddress");

    /** Development's own: addresses of one machine, limits of load tests, and what another profile's file has to say. */
    private static final Pattern DEVELOPMENT_ONLY = Pattern.compile("(server|management\\.server|logging)\\..*"
            + "|eureka\\.instance\\.(hostname|ipaddress)|meridian\\.(limits|instanceports)\\..*|spring\\.kafka\\.properties\\..*"
            + "|(meridian\\.identity\\.users|spring\\.security\\.oauth2\\.authorizationserver\\.client)\\..*");

    /** Maps whose keys belong to the environment. */
    private static final Pattern OPEN_KEY = Pattern.compile(
            "^(meridian\\.identity\\.users|spring\\.security\\.oauth2\\.authorizationserver\\.client)\\.[^.]+");

    private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([\\w.-]+)(:[^}]*)?}");
    private static final Pattern PROPERTIES_CLASS = Pattern.compile("@ConfigurationProperties\\(\"([\\w.-]+)\"\\)");
    private static final Pattern WORD = Pattern.compile("[ (](\\w+)[,)]");
    private static final String SECRETS = "/run/secrets/";
    private static final Pattern MOUNTED = Pattern.compile("/run/[\\w/-]+(\\.\\w+)+");

    private static final Map<String, Map<String, String>> SETTINGS = new ConcurrentHashMap<>();
    private static final Map<String, Set<String>> KNOWN = new ConcurrentHashMap<>();

    private Applications() {}

    static void check(Manifests manifests, Findings findings) {
        Cluster cluster = Cluster.of(manifests);
        Set<String> read = new HashSet<>();
        Map<String, String> shared = new TreeMap<>();
        for (Container container : ours(manifests)) {
            Node node = container.node();
            String program = container.program();
            Stream.concat(
                            node.each("env").stream().map(entry -> entry.text("name")),
                            secrets(cluster, container).stream())
                    .filter(name -> !isKnown(program, name))
                    .forEach(name -> findings.add(node, "no property of " + program + " is " + name));
            for (Node source : node.each("envFrom")) {
                manifests
                        .find("ConfigMap", source.text("configMapRef.name"))
                        .ifPresent(map -> map.keys("data").forEach(name -> shared.put(name, map.object())));
            }
            shared.keySet().stream().filter(name -> isKnown(program, name)).forEach(read::add);
            checkRequired(cluster, container, findings);
        }
        shared.forEach((name, map) -> findings.unless(read.contains(name), map, "no service reads " + name));
        checkMetrics(manifests, findings);
    }

    static List<Container> ours(Manifests manifests) {
        return manifests.workloads().stream()
                .flatMap(workload -> workload.containers().stream())
                .filter(container -> MODULES.contains(container.program()))
                .toList();
    }

    /** Of what all environments share, by its canonical name. */
    static String setting(String module, String name, String otherwise) {
        return settings(module, "application.yml").getOrDefault(name, otherwise);
    }

    /** What the settings name has a value, as has what only development's file says; and files that they name are there. */
    private static void checkRequired(Cluster cluster, Container container, Findings findings) {
        String module = container.program();
        Map<String, String> environment = cluster.environment(container);
        List<String> profiles = Stream.concat(
                        Stream.of(environment.getOrDefault("SPRING_PROFILES_ACTIVE", "")),
                        container.node().texts("args").stream())
                .flatMap(text -> Stream.of(text.replaceAll(".*=", "").split(",")))
                .toList();
        Map<String, String> files = cluster.files(container);
        Map<String, String> settings = new TreeMap<>(settings(module, "application.yml"));
        profiles.forEach(profile -> settings.putAll(settings(module, "application-" + profile + ".yml")));
        files.forEach((file, text) -> {
            if (file.endsWith("/application.yml")) {
                Manifests.yaml(text).forEach(document -> flatten("", document, settings));
            }
        });
        environment.forEach((name, value) -> settings.put(canonical(name), value));
        secrets(cluster, container).forEach(name -> settings.put(canonical(name), ""));

        boolean migration = profiles.contains("migrate");
        Set<String> required =
                new TreeSet<>(settings(module, "application-dev.yml").keySet());
        required.removeIf(name -> DEVELOPMENT_ONLY.matcher(name).matches());
        settings.forEach((name, value) -> PLACEHOLDER
                .matcher(value)
                .results()
                .filter(found -> found.group(2) == null && (!migration || name.startsWith("spring.flyway.")))
                .forEach(found -> required.add(found.group(1))));
        required.removeIf(name -> name.equals("HOSTNAME") || settings.containsKey(canonical(name)));
        required.stream()
                .filter(name -> name.startsWith("spring.flyway.") == migration)
                .forEach(
                        name -> findings.add(container.node(), "nobody sets " + name + ", which " + module + " needs"));
        settings.values().stream()
                .flatMap(value -> MOUNTED.matcher(value).results())
                .map(MatchResult::group)
                .filter(file -> !files.containsKey(file))
                .forEach(
                        file -> findings.add(container.node(), "nothing mounts " + file + ", which the settings name"));
    }

    /** The files in /run/secrets, each named as a property. */
    private static Set<String> secrets(Cluster cluster, Container container) {
        return cluster.files(container).keySet().stream()
                .filter(file -> file.startsWith(SECRETS))
                .map(file -> file.substring(SECRETS.length()))
                .collect(Collectors.toSet());
    }

    /** A scaler's query asks for metrics that our programs export. */
    private static void checkMetrics(Manifests manifests, Findings findings) {
        String sources =
                MODULES.stream().flatMap(module -> sources(module).stream()).collect(Collectors.joining());
        for (Node scaler : manifests.ofKind("ScaledObject")) {
            for (Node trigger : scaler.each("spec.triggers")) {
                Pattern.compile("meridian_\\w+")
                        .matcher(trigger.text("metadata.query"))
                        .results()
                        .map(found -> found.group().replace('_', '.'))
                        .filter(name -> !sources.contains("\"" + name + "\""))
                        .forEach(name -> findings.add(trigger, "no program exports the metric " + name));
            }
        }
    }

    private static boolean isKnown(String module, String name) {
        String property = OPEN_KEY.matcher(canonical(name)).replaceFirst("$1.*");
        return OF_THE_FRAMEWORK.contains(property)
                || KNOWN.computeIfAbsent(module, Applications::known).contains(property);
    }

    /** Names in the settings and in the sources; of a class of properties all words count that follow its prefix. */
    private static Set<String> known(String module) {
        Set<String> known = new HashSet<>();
        for (Path file : Manifests.files(Path.of("..", module, "src/main/resources"), "application[\\w-]*\\.yml")) {
            settings(module, file.getFileName().toString()).forEach((name, value) -> {
                known.add(OPEN_KEY.matcher(name).replaceFirst("$1.*"));
                PLACEHOLDER.matcher(value).results().forEach(found -> known.add(canonical(found.group(1))));
            });
        }
        for (String source : sources(module)) {
            PLACEHOLDER.matcher(source).results().forEach(found -> known.add(canonical(found.group(1))));
            PROPERTIES_CLASS
                    .matcher(source)
                    .results()
                    .forEach(prefix -> WORD.matcher(source)
                            .results()
                            .forEach(word -> known.add(canonical(prefix.group(1) + "." + word.group(1)))));
        }
        return known;
    }

    private static List<String> sources(String module) {
        return Manifests.files(Path.of("..", module, "src/main/java"), ".*\\.java").stream()
                .map(Manifests::read)
                .toList();
    }

    /** The settings of one file by their canonical names; none where there is no such file. */
    private static Map<String, String> settings(String module, String file) {
        return SETTINGS.computeIfAbsent(module + "/src/main/resources/" + file, path -> {
            Map<String, String> settings = new TreeMap<>();
            if (Files.exists(Path.of("..", path))) {
                Manifests.yaml(Manifests.source(path)).forEach(document -> flatten("", document, settings));
            }
            return settings;
        });
    }

    private static void flatten(String prefix, JsonNode value, Map<String, String> settings) {
        value.forEachEntry((name, child) -> flatten(prefix.isEmpty() ? name : prefix + "." + name, child, settings));
        for (int i = 0; value.isArray() && i < value.size(); i++) {
            flatten(prefix + "." + i, value.get(i), settings);
        }
        if (value.isValueNode()) {
            settings.put(canonical(prefix), value.asString(""));
        }
    }

    /** One spelling for the relaxed ones: of SPRING_DATA_REDIS_HOST and spring.data.redis.host. */
    private static String canonical(String name) {
        String property = name.matches("[A-Z0-9_]+") ? name.replace('_', '.') : name;
        return property.toLowerCase(Locale.ROOT).replace("-", "");
    }
}

package dev.meridian.manifests;

import dev.meridian.manifests.Workload.Container;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.boot.convert.DurationStyle;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** What our programs read of their environment, as their settings and sources say. */
final class Applications {

    static final List<String> MODULES = List.of("discovery", "gateway", "identity", "orders-service", "worker");

    /** Read by Spring and the JVM themselves, whether our settings name them or not. */
    private static final Set<String> OF_THE_FRAMEWORK = Set.of(
            "spring.profiles.active",
            "spring.config.import",
            "spring.kafka.bootstrapservers",
            "jdk.java.options",
            "eureka.client.registerwitheureka",
            "eureka.client.fetchregistry",
            "eureka.instance.preferipaddress");

    /** Development's own: addresses of one machine, and people and clients whose names belong to the environment. */
    private static final Pattern DEVELOPMENT_ONLY =
            Pattern.compile("(server|management\\.server|logging)\\..*|eureka\\.instance\\.(hostname|ipaddress)"
                    + "|meridian\\.(identity\\.users|limits|instanceports)\\..*"
                    + "|spring\\.(security\\.oauth2\\.authorizationserver\\.client|kafka\\.properties)\\..*");

    /** Maps whose keys belong to the environment. */
    private static final Pattern OPEN_KEY = Pattern.compile(
            "^(meridian\\.identity\\.users|spring\\.security\\.oauth2\\.authorizationserver\\.client)\\.[^.]+");

    private static final String SECRETS = "/run/secrets/";

    /** A file that a setting names. */
    private static final Pattern MOUNTED = Pattern.compile("/run/[\\w/-]+(\\.\\w+)+");

    private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([\\w.-]+)(:[^}]*)?}");
    private static final Pattern PROPERTIES_CLASS = Pattern.compile("@ConfigurationProperties\\(\"([\\w.-]+)\"\\)");

    private static final Map<String, Map<String, String>> SETTINGS = new ConcurrentHashMap<>();
    private static final Map<String, Set<String>> KNOWN = new ConcurrentHashMap<>();

    private Applications() {}

    /** The time that a service has for what is under way when it is stopped. */
    static Duration stopTimeout(String module) {
        return DurationStyle.detectAndParse(
                settings(module, "application.yml").getOrDefault("spring.lifecycle.timeoutpershutdownphase", "30s"));
    }

    /** What liveness looks at. */
    static String liveness(String module) {
        return settings(module, "application.yml")
                .getOrDefault("management.endpoint.health.group.liveness.include", "");
    }

    static void check(Manifests manifests, Findings findings) {
        Cluster cluster = Cluster.of(manifests);
        Set<String> read = new HashSet<>();
        Map<String, Set<String>> shared = new TreeMap<>();
        ours(manifests).forEach(container -> {
            Set<String> known = known(container.program());
            container
                    .json()
                    .path("env")
                    .forEach(entry -> findings.unless(
                            isKnown(known, entry.path("name").asString("")),
                            container.workload(),
                            container.path() + ".env",
                            "no property of " + container.program() + " is "
                                    + entry.path("name").asString("")));
            secretFiles(cluster, container)
                    .forEach(file -> findings.unless(
                            isKnown(known, file),
                            container.workload(),
                            container.path(),
                            "no property of " + container.program() + " is " + file + " in /run/secrets"));
            container
                    .json()
                    .path("envFrom")
                    .forEach(source -> manifests
                            .find("ConfigMap", source.at("/configMapRef/name").asString(""))
                            .ifPresent(map -> map.at("/data").propertyNames().forEach(name -> {
                                shared.computeIfAbsent(map.toString(), _ -> new HashSet<>())
                                        .add(name);
                                if (isKnown(known, name)) {
                                    read.add(name);
                                }
                            })));
            checkRequired(cluster, container, findings);
        });
        shared.forEach(
                (map, names) -> findings.each(names, read::contains, map, "data", name -> "no service reads " + name));
        checkMetrics(manifests, findings);
    }

    static Stream<Container> ours(Manifests manifests) {
        return manifests
                .workloads()
                .flatMap(workload -> workload.containers().stream())
                .filter(container -> MODULES.contains(container.program()));
    }

    private static void checkRequired(Cluster cluster, Container container, Findings findings) {
        String module = container.program();
        Map<String, String> environment = cluster.environment(container);
        Map<String, String> settings = new TreeMap<>(settings(module, "application.yml"));
        List<String> profiles = Stream.concat(
                        Stream.of(environment.getOrDefault("SPRING_PROFILES_ACTIVE", "")),
                        container.json().path("args").valueStream().map(argument -> argument.asString("")))
                .flatMap(text -> Stream.of(text.replaceAll(".*=", "").split(",")))
                .toList();
        profiles.forEach(profile -> settings.putAll(settings(module, "application-" + profile + ".yml")));
        environment.forEach((name, value) -> settings.put(canonical(name), value));
        secretFiles(cluster, container).forEach(file -> settings.put(canonical(file), ""));
        Map<String, String> files = mountedFiles(cluster, container);
        files.forEach((file, text) -> {
            if (file.matches(".*/application[\\w-]*\\.yml")) {
                Manifests.yaml(text).forEach(document -> flatten("", document, settings));
            }
        });
        settings.values().stream()
                .flatMap(value -> MOUNTED.matcher(value).results())
                .map(MatchResult::group)
                .filter(file -> !files.containsKey(file))
                .forEach(file -> findings.add(
                        container.workload(),
                        container.path(),
                        "nothing mounts " + file + ", which the settings name"));

        boolean migration = profiles.contains("migrate");
        Stream.concat(
                        settings.entrySet().stream()
                                .filter(setting ->
                                        !migration || setting.getKey().startsWith("spring.flyway."))
                                .flatMap(setting ->
                                        PLACEHOLDER.matcher(setting.getValue()).results())
                                .filter(found -> found.group(2) == null
                                        && !found.group(1).equals("HOSTNAME"))
                                .map(found -> found.group(1)),
                        settings(module, "application-dev.yml").keySet().stream()
                                .filter(name -> name.startsWith("spring.flyway.") == migration
                                        && (!migration || name.startsWith("spring.flyway."))
                                        && !DEVELOPMENT_ONLY.matcher(name).matches()))
                .filter(name -> !settings.containsKey(canonical(name)))
                .forEach(name -> findings.add(
                        container.workload(),
                        container.path(),
                        "nobody sets " + name + ", which " + module + " needs"));
    }

    /** The files of Secrets and ConfigMaps that a container sees; what is in a Secret is not known. */
    private static Map<String, String> mountedFiles(Cluster cluster, Container container) {
        Map<String, String> files = new TreeMap<>();
        JsonNode volumes = container.workload().pod().path("volumes");
        container
                .json()
                .path("volumeMounts")
                .forEach(mount -> volumes.valueStream()
                        .filter(volume -> volume.path("name").equals(mount.path("name")))
                        .flatMap(volume -> Stream.concat(
                                Stream.of(volume),
                                volume.at("/projected/sources").valueStream()))
                        .forEach(source -> {
                            JsonNode secret = source.path("secret");
                            JsonNode map = source.path("configMap");
                            String name = map.path("name").asString("");
                            JsonNode texts = cluster.manifests()
                                    .find("ConfigMap", name)
                                    .map(found -> found.at("/data"))
                                    .orElse(MissingNode.getInstance());
                            Set<String> keys = secret.isMissingNode()
                                    ? cluster.configMaps().getOrDefault(name, Set.of())
                                    : cluster.secrets()
                                            .getOrDefault(
                                                    secret.path("secretName")
                                                            .asString(secret.path("name")
                                                                    .asString("")),
                                                    Set.of());
                            JsonNode items = secret.isMissingNode() ? map.path("items") : secret.path("items");
                            String folder = mount.path("mountPath").asString("") + "/";
                            items.forEach(item -> files.put(
                                    folder + item.path("path").asString(""),
                                    texts.path(item.path("key").asString("")).asString("")));
                            if (items.isEmpty()) {
                                keys.forEach(key ->
                                        files.put(folder + key, texts.path(key).asString("")));
                            }
                        }));
        return files;
    }

    /** The files in /run/secrets, each named as a property. */
    private static Set<String> secretFiles(Cluster cluster, Container container) {
        return mountedFiles(cluster, container).keySet().stream()
                .filter(file -> file.startsWith(SECRETS))
                .map(file -> file.substring(SECRETS.length()))
                .collect(Collectors.toSet());
    }

    /** A scaler's query asks for metrics that our programs export. */
    private static void checkMetrics(Manifests manifests, Findings findings) {
        Pattern metric = Pattern.compile("meridian_\\w+");
        manifests
                .ofKind("ScaledObject")
                .forEach(scaler -> scaler.each("/spec/triggers")
                        .map(trigger -> trigger.at("/metadata/query").asString(""))
                        .flatMap(query -> metric.matcher(query).results())
                        .map(found -> found.group().replace('_', '.'))
                        .forEach(name -> findings.unless(
                                MODULES.stream()
                                        .anyMatch(module -> sources(module).contains("\"" + name)),
                                scaler,
                                "spec.triggers",
                                "no program exports the metric " + name)));
    }

    private static boolean isKnown(Set<String> known, String name) {
        String property = OPEN_KEY.matcher(canonical(name)).replaceFirst("$1.*");
        return known.contains(property) || OF_THE_FRAMEWORK.contains(property) || property.startsWith("logging.level.");
    }

    /** Names in the settings and in the sources; of a class of properties all words count that follow its prefix. */
    private static Set<String> known(String module) {
        return KNOWN.computeIfAbsent(module, _ -> {
            Set<String> known = new HashSet<>();
            for (Path file : files(module, "src/main/resources", "application[\\w-]*\\.yml")) {
                settings(module, file.getFileName().toString()).forEach((name, value) -> {
                    for (int end = name.length(); end > 0; end = name.lastIndexOf('.', end - 1)) {
                        known.add(OPEN_KEY.matcher(name.substring(0, end)).replaceFirst("$1.*"));
                    }
                    PLACEHOLDER.matcher(value).results().forEach(found -> known.add(canonical(found.group(1))));
                });
            }
            for (Path file : files(module, "src/main/java", ".*\\.java")) {
                String source = Manifests.read(file);
                PLACEHOLDER.matcher(source).results().forEach(found -> known.add(canonical(found.group(1))));
                PROPERTIES_CLASS
                        .matcher(source)
                        .results()
                        .forEach(prefix -> Pattern.compile("[ (](\\w+)[,)]")
                                .matcher(source)
                                .results()
                                .forEach(word -> known.add(canonical(prefix.group(1) + "." + word.group(1)))));
            }
            return known;
        });
    }

    private static String sources(String module) {
        return files(module, "src/main/java", ".*\\.java").stream()
                .map(Manifests::read)
                .collect(Collectors.joining());
    }

    /** The settings of one file by their canonical names; none where there is no such file. */
    private static Map<String, String> settings(String module, String file) {
        return SETTINGS.computeIfAbsent(module + "/" + file, _ -> {
            Map<String, String> settings = new TreeMap<>();
            Path path =
                    Manifests.ROOT.resolve(module).resolve("src/main/resources").resolve(file);
            if (Files.exists(path)) {
                Manifests.yaml(Manifests.read(path)).forEach(document -> flatten("", document, settings));
            }
            return settings;
        });
    }

    private static void flatten(String prefix, JsonNode value, Map<String, String> settings) {
        if (value.isObject()) {
            value.forEachEntry(
                    (name, child) -> flatten(prefix.isEmpty() ? name : prefix + "." + name, child, settings));
        } else if (value.isArray()) {
            for (int i = 0; i < value.size(); i++) {
                flatten(prefix + "." + i, value.get(i), settings);
            }
        } else {
            settings.put(canonical(prefix), value.asString(""));
        }
    }

    /** One spelling for the relaxed ones: of SPRING_DATA_REDIS_HOST and spring.data.redis.host. */
    static String canonical(String name) {
        String property = name.matches("[A-Z0-9_]+") ? name.replace('_', '.') : name;
        return property.toLowerCase(Locale.ROOT).replace("-", "").replaceAll("\\[(\\d+)]", ".$1");
    }

    private static List<Path> files(String module, String folder, String pattern) {
        try (Stream<Path> files = Files.walk(Manifests.ROOT.resolve(module).resolve(folder))) {
            return files.filter(file -> file.getFileName().toString().matches(pattern))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

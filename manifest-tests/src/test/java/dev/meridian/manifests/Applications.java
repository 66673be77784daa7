package dev.meridian.manifests;

import static java.util.Objects.requireNonNull;

import dev.meridian.manifests.Workload.Container;
import java.nio.charset.StandardCharsets;
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
import org.springframework.beans.factory.config.YamlPropertiesFactoryBean;
import org.springframework.core.io.ByteArrayResource;

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
    private static final Pattern METRIC = Pattern.compile("meridian_\\w+");
    private static final String SECRETS = "/run/secrets/";
    private static final Pattern MOUNTED = Pattern.compile("/run/[\\w/-]+(\\.\\w+)+");

    private static final String CERTIFICATES = "${meridian.certificates}";

    private static final Map<Path, Map<String, String>> SETTINGS = new ConcurrentHashMap<>();
    private static final Map<String, Set<String>> KNOWN = new ConcurrentHashMap<>();

    private Applications() {}

    static void check(Manifests manifests, Findings findings) {
        Cluster cluster = Cluster.of(manifests);
        Set<String> read = new HashSet<>();
        Map<String, String> shared = new TreeMap<>();
        for (Container container : ours(manifests)) {
            Node node = container.node();
            String program = container.program();
            Set<String> own = secrets(cluster, container);
            node.all("env[].name").forEach(name -> own.add(name.text()));
            own.forEach(
                    name -> findings.unless(isKnown(program, name), node, "no property of " + program + " is " + name));
            for (Node map : node.all("envFrom[].configMapRef.name").toList()) {
                cluster.texts(map.text()).forEach((name, _) -> shared.put(name, "ConfigMap/" + map.text()));
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
        Node node = container.node();
        Map<String, String> environment = cluster.environment(container);
        Map<String, String> files = cluster.files(container);
        Map<String, String> settings = new TreeMap<>(settings(module, "application.yml"));
        files.forEach((file, text) -> settings.putAll(file.endsWith("/application.yml") ? flat(text) : Map.of()));
        boolean migration = environment.containsKey("MERIDIAN_MIGRATE");
        settings.keySet().removeIf(name -> migration && name.startsWith("spring.flyway.")); // the service's own role
        environment.forEach((name, value) -> settings.put(canonical(name), value));
        secrets(cluster, container).forEach(name -> settings.put(canonical(name), ""));

        Set<String> required = new TreeSet<>();
        required.addAll(settings(module, "application-dev.yml").keySet());
        required.removeIf(name -> DEVELOPMENT_ONLY.matcher(name).matches());
        required.removeIf(name -> name.startsWith("spring.flyway.") && !migration);
        required.addAll(List.of(settings.getOrDefault("meridian.required", "").split(",\\s*")));
        settings.forEach((name, text) -> {
            String value = text.replace(CERTIFICATES, settings.getOrDefault("meridian.certificates", ""));
            for (MatchResult found : Manifests.matches(PLACEHOLDER, value)) {
                required.addAll(found.group(2) == null ? Set.of(found.group(1)) : Set.of());
            }
            for (MatchResult file : Manifests.matches(MOUNTED, value)) {
                boolean mounted = files.containsKey(file.group());
                findings.unless(mounted, node, "nothing mounts " + file.group() + ", which the settings name");
            }
        });
        required.removeIf(name -> name.equals("HOSTNAME") || settings.containsKey(canonical(name)));
        required.forEach(name -> findings.add(node, "nobody sets " + name + ", which " + module + " needs"));
    }

    /** The files in /run/secrets, each named as a property. */
    private static Set<String> secrets(Cluster cluster, Container container) {
        Set<String> names = new TreeSet<>();
        for (String file : cluster.files(container).keySet()) {
            names.addAll(file.startsWith(SECRETS) ? Set.of(file.substring(SECRETS.length())) : Set.of());
        }
        return names;
    }

    /** A scaler's query asks for metrics that our programs export. */
    private static void checkMetrics(Manifests manifests, Findings findings) {
        StringBuilder sources = new StringBuilder();
        for (String module : MODULES) {
            Manifests.files(Path.of("..", module, "src/main"), ".*\\.java")
                    .forEach(file -> sources.append(Manifests.read(file)));
        }
        for (Node scaler : manifests.ofKind("ScaledObject")) {
            String queries = scaler.all("spec.triggers[].metadata.query")
                    .map(Node::text)
                    .toList()
                    .toString();
            for (MatchResult found : Manifests.matches(METRIC, queries)) {
                String name = "\""
                        + found.group()
                                .replaceFirst("_(seconds(_sum)?|total)$", "")
                                .replace('_', '.') + "\"";
                findings.unless(sources.indexOf(name) >= 0, scaler, "no program exports the metric " + name);
            }
        }
    }

    private static boolean isKnown(String module, String name) {
        String property = OPEN_KEY.matcher(canonical(name)).replaceFirst("$1.*");
        Set<String> known = KNOWN.computeIfAbsent(module, Applications::known);
        return known.contains(property) || OF_THE_FRAMEWORK.contains(property);
    }

    /** Names in the settings and in the sources; of a class of properties all words count that follow its prefix. */
    private static Set<String> known(String module) {
        Set<String> known = new HashSet<>();
        for (Path file : Manifests.files(Path.of("..", module, "src/main"), "application.*\\.yml|.*\\.java")) {
            String source = Manifests.read(file);
            PLACEHOLDER.matcher(source).results().forEach(found -> known.add(canonical(found.group(1))));
            settings(module, file.getFileName().toString())
                    .keySet()
                    .forEach(name -> known.add(OPEN_KEY.matcher(name).replaceFirst("$1.*")));
            for (MatchResult prefix : Manifests.matches(PROPERTIES_CLASS, source)) {
                for (MatchResult word : Manifests.matches(WORD, source)) {
                    known.add(canonical(prefix.group(1) + "." + word.group(1)));
                }
            }
        }
        return known;
    }

    /** The settings of one file by their canonical names; none where there is no such file. */
    private static Map<String, String> settings(String module, String file) {
        Path path = Path.of("..", module, "src/main/resources", file);
        return SETTINGS.computeIfAbsent(path, _ -> Files.exists(path) ? flat(Manifests.read(path)) : Map.of());
    }

    private static Map<String, String> flat(String yaml) {
        Map<String, String> settings = new TreeMap<>();
        YamlPropertiesFactoryBean properties = new YamlPropertiesFactoryBean();
        properties.setResources(new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)));
        requireNonNull(properties.getObject())
                .forEach((name, value) -> settings.put(canonical(name.toString()), value.toString()));
        return settings;
    }

    /** One spelling for the relaxed ones: of SPRING_DATA_REDIS_HOST and spring.data.redis.host. */
    private static String canonical(String name) {
        String property = name.matches("[A-Z0-9_]+") ? name.replace('_', '.') : name;
        return property.toLowerCase(Locale.ROOT).replace("-", "");
    }
}

package dev.meridian.manifests;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/** The objects of one overlay, as Kustomize renders them. */
record Manifests(List<Node> resources) {

    static final Path FOLDER = Path.of(System.getProperty("meridian.k8s", "../k8s"));
    static final List<String> OVERLAYS =
            List.of("overlays/staging", "overlays/production-dc1", "overlays/production-dc2");

    private static final boolean KUBECTL = Stream.of(System.getenv("PATH").split(File.pathSeparator))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "kubectl")));

    static {
        if (!KUBECTL) {
            System.err.println("THE KUBERNETES MANIFESTS ARE NOT CHECKED: there is no kubectl");
        }
    }

    private static final Map<String, Manifests> RENDERED = new ConcurrentHashMap<>();

    /** What a folder renders to; once, and not to be changed, see {@link #with}. */
    static Manifests of(String folder) {
        return RENDERED.computeIfAbsent(folder, Manifests::render);
    }

    static Manifests render(String folder) {
        return parse(kustomize(FOLDER.resolve(folder)));
    }

    static Manifests parse(String documents) {
        return new Manifests(yaml(documents)
                .filter(ObjectNode.class::isInstance)
                .map(document -> Node.root((ObjectNode) document))
                .toList());
    }

    /** Documents with anchors and merges; a key that is there twice is refused. */
    static Stream<JsonNode> yaml(String documents) {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        options.setCodePointLimit(Integer.MAX_VALUE);
        Iterable<Object> parsed = new Yaml(new SafeConstructor(options)).loadAll(documents);
        return StreamSupport.stream(parsed.spliterator(), false).map(JsonMapper.shared()::valueToTree);
    }

    /** A file of the sources, with which the manifests have to agree. */
    static String source(String file) {
        return read(Path.of("..").resolve(file));
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<MatchResult> matches(Pattern pattern, String text) {
        return pattern.matcher(text).results().toList();
    }

    static List<Path> files(Path folder, String name) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.getFileName().toString().matches(name))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Skips the test where there is no kubectl, but not in continuous integration. */
    private static String kustomize(Path folder) {
        if (!KUBECTL && System.getenv("CI") == null) {
            throw new TestAbortedException("there is no kubectl");
        }
        try {
            ProcessBuilder kubectl = new ProcessBuilder("kubectl", "kustomize", folder.toString());
            Process kustomize =
                    kubectl.redirectError(ProcessBuilder.Redirect.INHERIT).start();
            String rendered = new String(kustomize.getInputStream().readAllBytes());
            if (kustomize.waitFor() != 0) {
                throw new IllegalStateException("kubectl cannot render " + folder);
            }
            return rendered;
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    List<Node> ofKind(String kind) {
        return resources.stream().filter(one -> one.kind().equals(kind)).toList();
    }

    Optional<Node> find(String kind, String name) {
        return ofKind(kind).stream().filter(one -> one.name().equals(name)).findFirst();
    }

    List<Workload> workloads() {
        return resources.stream().map(Workload::of).flatMap(Optional::stream).toList();
    }

    /**
     * The same with one field changed, which has to be there if it is removed, as has its parent.
     *
     * @param object such as {@code Deployment/gateway}, without what Kustomize appends to a ConfigMap's name
     * @param path as a JSON pointer, but an element of a list may also be said by its name, and - is a new one
     * @param value in JSON; none removes the field
     */
    Manifests with(String object, String path, @Nullable String value) {
        List<ObjectNode> changed = resources.stream()
                .map(resource -> (ObjectNode) resource.json().deepCopy())
                .toList();
        String pattern = "\\Q" + object + "\\E(-[a-z0-9]{10})?";
        JsonNode parent = MissingNode.getInstance();
        for (int i = 0; i < changed.size(); i++) {
            parent = resources.get(i).object().matches(pattern) ? changed.get(i) : parent;
        }
        String[] steps = path.substring(1).split("/");
        for (int i = 0; i < steps.length - 1; i++) {
            parent = parent instanceof ArrayNode list ? list.get(index(list, steps[i])) : parent.path(steps[i]);
        }
        JsonNode child = value == null ? null : JsonMapper.shared().readTree(value);
        set(parent, steps[steps.length - 1].replace("~1", "/"), child);
        return new Manifests(changed.stream().map(Node::root).toList());
    }

    private static void set(JsonNode parent, String step, @Nullable JsonNode value) {
        switch (parent) {
            case ArrayNode list when value == null -> list.remove(index(list, step));
            case ArrayNode list when step.equals("-") -> list.add(value);
            case ArrayNode list -> list.set(index(list, step), value);
            case ObjectNode object when value != null -> object.set(step, value);
            case ObjectNode object when object.has(step) -> object.remove(step);
            default -> throw new NoSuchElementException("there is no " + step);
        }
    }

    private static int index(ArrayNode list, String step) {
        for (int i = 0; i < list.size(); i++) {
            if (step.equals(Integer.toString(i))
                    || list.get(i).path("name").asString("").equals(step)) {
                return i;
            }
        }
        throw new NoSuchElementException("no element is " + step);
    }
}

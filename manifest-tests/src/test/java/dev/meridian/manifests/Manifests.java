package dev.meridian.manifests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.opentest4j.TestAbortedException;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The objects of one overlay, as Kustomize renders them. */
record Manifests(List<Resource> resources) {

    static final Path FOLDER = Path.of(System.getProperty("meridian.k8s", "../k8s"));

    /** The root of the sources, with which the manifests have to agree. */
    static final Path ROOT = Path.of("..");

    static final List<String> OVERLAYS = List.of("staging", "production-dc1", "production-dc2");

    private static final Map<String, Manifests> RENDERED = new ConcurrentHashMap<>();

    /** Rendered once; not to be changed, see {@link #copy()}. */
    static Manifests overlay(String name) {
        return RENDERED.computeIfAbsent(
                name, _ -> render(FOLDER.resolve("overlays").resolve(name)));
    }

    /** What a cluster has before any overlay is applied, and the overlays refer to. */
    static Manifests infrastructure() {
        return RENDERED.computeIfAbsent("", _ -> render(FOLDER.resolve("infrastructure")));
    }

    static Manifests render(Path kustomization) {
        return parse(kustomize(kustomization));
    }

    static Manifests parse(String documents) {
        return new Manifests(yaml(documents)
                .filter(ObjectNode.class::isInstance)
                .map(document -> new Resource((ObjectNode) document))
                .toList());
    }

    /** Documents with anchors and merges; a key that is there twice is refused. */
    static Stream<JsonNode> yaml(String documents) {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        options.setCodePointLimit(Integer.MAX_VALUE);
        options.setMaxAliasesForCollections(200);
        Iterable<Object> parsed = new Yaml(new SafeConstructor(options)).loadAll(documents);
        return StreamSupport.stream(parsed.spliterator(), false).map(JsonMapper.shared()::valueToTree);
    }

    /** Skips the test where there is no kubectl, but not in continuous integration. */
    private static String kustomize(Path folder) {
        Process kustomize;
        try {
            kustomize = new ProcessBuilder("kubectl", "kustomize", folder.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        } catch (IOException e) {
            if (System.getenv("CI") != null) {
                throw new UncheckedIOException(e);
            }
            System.err.println("THE KUBERNETES MANIFESTS ARE NOT CHECKED: there is no kubectl");
            throw new TestAbortedException("there is no kubectl", e);
        }
        try {
            String rendered = new String(kustomize.getInputStream().readAllBytes());
            if (kustomize.waitFor() != 0) {
                throw new IllegalStateException("kubectl cannot render " + folder);
            }
            return rendered;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** One that can be changed. */
    Manifests copy() {
        return new Manifests(resources.stream()
                .map(resource -> new Resource(resource.json().deepCopy()))
                .toList());
    }

    Stream<Resource> ofKind(String... kinds) {
        return resources.stream().filter(resource -> List.of(kinds).contains(resource.kind()));
    }

    Optional<Resource> find(String kind, String name) {
        return ofKind(kind).filter(resource -> resource.name().equals(name)).findFirst();
    }

    Stream<Workload> workloads() {
        return resources.stream().map(Workload::of).flatMap(Optional::stream);
    }

    /**
     * Changes one field, which has to be there if it is removed, as has its parent.
     *
     * @param object such as {@code Deployment/gateway}, without what Kustomize appends to a ConfigMap's name
     * @param path as a JSON pointer, but an element of a list may also be said by its name, and - is a new one
     */
    void set(String object, String path, Optional<JsonNode> value) {
        JsonNode parent = resources.stream()
                .filter(resource -> resource.toString().matches("\\Q" + object + "\\E(-[a-z0-9]{10})?"))
                .findFirst()
                .map(resource -> (JsonNode) resource.json())
                .orElseThrow(() -> new NoSuchElementException("there is no " + object));
        String[] steps = path.substring(1).split("/");
        for (int i = 0; i < steps.length - 1; i++) {
            parent = parent instanceof ArrayNode list
                    ? list.get(index(list, steps[i]))
                    : parent.get(unescaped(steps[i]));
            if (parent == null) {
                throw new NoSuchElementException(object + " has no " + steps[i] + " of " + path);
            }
        }
        String last = unescaped(steps[steps.length - 1]);
        if (parent instanceof ArrayNode list) {
            if (last.equals("-")) {
                list.add(value.orElseThrow());
            } else if (value.isPresent()) {
                list.set(index(list, last), value.get());
            } else {
                list.remove(index(list, last));
            }
        } else if (value.isPresent()) {
            ((ObjectNode) parent).set(last, value.get());
        } else if (((ObjectNode) parent).remove(last) == null) {
            throw new NoSuchElementException(object + " has no " + path);
        }
    }

    private static int index(ArrayNode list, String step) {
        if (step.chars().allMatch(Character::isDigit)) {
            return Integer.parseInt(step);
        }
        for (int i = 0; i < list.size(); i++) {
            if (list.get(i).path("name").asString("").equals(step)) {
                return i;
            }
        }
        throw new NoSuchElementException("no element is named " + step);
    }

    private static String unescaped(String step) {
        return step.replace("~1", "/").replace("~0", "~");
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package dev.meridian.manifests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** How the overlays are put together: nothing that changes selectors or the wrong element unnoticed. */
final class Sources {

    private static final List<String> DEPRECATED =
            List.of("commonLabels", "bases", "vars", "patchesStrategicMerge", "patchesJson6902", "imageTags");

    private Sources() {}

    static void check(Path folder, Findings findings) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.filter(file -> file.endsWith("kustomization.yaml"))
                    .forEach(file -> Manifests.yaml(Manifests.read(file))
                            .forEach(kustomization -> check(folder.relativize(file), file, kustomization, findings)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void check(Path name, Path file, JsonNode kustomization, Findings findings) {
        DEPRECATED.forEach(field ->
                findings.unless(!kustomization.has(field), name, field, "is deprecated, or changes selectors"));
        kustomization.path("patches").forEach(patch -> {
            String text = patch.has("path")
                    ? Manifests.read(file.resolveSibling(patch.path("path").asString()))
                    : patch.path("patch").asString("");
            Manifests.yaml(text).forEach(document -> {
                if (document.isArray()) {
                    checkOperations(name, document, findings);
                } else {
                    boolean custom =
                            document.path("apiVersion").asString("").matches("[^/]+\\.(?!k8s\\.io/).*|gateway\\..*");
                    findings.unless(
                            !custom || !hasList(document),
                            name,
                            "patches",
                            "replaces a whole list of " + document.path("kind").asString(""));
                }
            });
        });
    }

    /** An element by its index may be another one tomorrow; a test before says which it has to be. */
    private static void checkOperations(Path name, JsonNode operations, Findings findings) {
        for (int i = 0; i < operations.size(); i++) {
            JsonNode operation = operations.get(i);
            String path = operation.path("path").asString("");
            boolean byIndex = path.matches(".*/\\d+(/.*)?");
            if (byIndex && !operation.path("op").asString("").equals("test")) {
                String element = path.replaceAll("(.*/\\d+)(/.*)?", "$1");
                boolean tested = operations
                        .valueStream()
                        .limit(i)
                        .anyMatch(before -> before.path("op").asString("").equals("test")
                                && before.path("path").asString("").startsWith(element));
                findings.unless(tested, name, "patches", path + " is an index, with no test before");
            }
        }
    }

    private static boolean hasList(JsonNode value) {
        return value.isArray() || value.isObject() && value.valueStream().anyMatch(Sources::hasList);
    }
}

package dev.meridian.manifests;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** How the overlays are put together: nothing that changes selectors or the wrong element unnoticed. */
final class Sources {

    private static final List<String> UNWANTED =
            List.of("commonLabels", "bases", "vars", "patchesStrategicMerge", "patchesJson6902");

    private static final Pattern INDEX = Pattern.compile("(.*/\\d+)(/.*)?");

    private Sources() {}

    static void check(Path folder, Findings findings) {
        for (Path file : Manifests.files(folder, "kustomization\\.yaml")) {
            Manifests.yaml(Manifests.read(file)).forEach(kustomization -> check(file, kustomization, findings));
        }
    }

    static void check(Path file, JsonNode kustomization, Findings findings) {
        UNWANTED.forEach(field ->
                findings.unless(!kustomization.has(field), file, field + " is deprecated, or changes selectors"));
        for (JsonNode patch : kustomization.path("patches")) {
            String text = patch.has("path")
                    ? Manifests.read(file.resolveSibling(patch.path("path").asString()))
                    : patch.path("patch").asString("");
            for (JsonNode document : Manifests.yaml(text).toList()) {
                if (document instanceof ObjectNode object) {
                    boolean fine = !Node.root(object).custom() || !hasList(object);
                    findings.unless(fine, file, "a patch replaces a whole list of " + Node.root(object));
                } else {
                    checkOperations(file, document, findings);
                }
            }
        }
    }

    /** An element by its index may be another one tomorrow; a test before says which it has to be. */
    private static void checkOperations(Path file, JsonNode operations, Findings findings) {
        String tested = "";
        for (JsonNode operation : operations) {
            Matcher byIndex = INDEX.matcher(operation.path("path").asString(""));
            if (byIndex.matches()) {
                if (operation.path("op").asString("").equals("test")) {
                    tested = byIndex.group(1);
                }
                findings.unless(
                        byIndex.group(1).equals(tested), file, byIndex.group() + " is an index, with no test before");
            }
        }
    }

    private static boolean hasList(JsonNode value) {
        return value.isArray() || value.isObject() && value.valueStream().anyMatch(Sources::hasList);
    }
}

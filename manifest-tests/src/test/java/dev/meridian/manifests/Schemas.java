package dev.meridian.manifests;

import static java.util.Objects.requireNonNull;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialect;
import com.networknt.schema.dialect.Dialects;
import com.networknt.schema.keyword.NonValidationKeyword;
import io.kubernetes.client.openapi.JSON;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an API server checks by schema: types, required and unknown fields, keys that a list has twice, and the rules of
 * custom resource definitions.
 *
 * <p>The schemas are in the folder that the property {@code meridian.schemas} names: {@code k8s-schemas} with Kubernetes'
 * OpenAPI documents, {@code crds} with the definitions of the operators' kinds. Without it, Kubernetes' own kinds are
 * compared with the models of its client, and the others are not checked.
 */
final class Schemas {

    /** Kinds without a schema, and why. */
    private static final Map<String, String> WITHOUT_SCHEMA = Map.of(
            "barmancloud.cnpg.io/v1 ObjectStore", "its plugin's only kind here, and its only object is small",
            "gateway.networking.k8s.io/v1 GatewayClass", "it names its controller and no more",
            "monitoring.coreos.com/v1 Prometheus", "of the cluster, not of an overlay");

    private static final String META = "io.k8s.apimachinery.pkg.apis.meta.v1.";
    private static final String MODELS = "io.kubernetes.client.openapi.models.";

    /** The group and the kind of a definition, each file having one. */
    private static final Pattern DEFINED =
            Pattern.compile("(?ms)^spec:$.*?^  group: (\\S+)$.*?^  names:$.*?^    kind: (\\S+)$");

    static final Schemas INSTANCE = new Schemas(System.getProperty("meridian.schemas", ""));

    private final @Nullable Path folder;
    private final Map<String, Path> definitions = new HashMap<>();
    private final Map<String, Optional<Kind>> kinds = new HashMap<>();
    final CelRules rules = new CelRules();
    private final SchemaRegistry registry = SchemaRegistry.withDialect(Dialect.builder(Dialects.getOpenApi30())
            .keyword(new NonValidationKeyword("components"))
            .build());

    /** The schema as it was published, and the closed one, which refuses unknown fields. */
    private record Kind(ObjectNode schema, Schema closed) {}

    private Schemas(String folder) {
        this.folder = folder.isEmpty() ? null : Path.of(folder);
        if (this.folder == null) {
            System.err.println("CUSTOM RESOURCES ARE NOT CHECKED BY SCHEMA: set -Dmeridian.schemas=FOLDER");
            return;
        }
        for (Path file : Manifests.files(this.folder.resolve("crds"), ".*\\.yaml")) {
            for (MatchResult found : Manifests.matches(DEFINED, Manifests.read(file))) {
                definitions.put(found.group(1) + " " + found.group(2), file);
            }
        }
    }

    /** Whether the operators' kinds are known. */
    boolean complete() {
        return folder != null;
    }

    void check(Manifests manifests, Findings findings) {
        for (Node resource : manifests.resources()) {
            if (folder == null) {
                checkByModel(resource, findings);
            } else if (!WITHOUT_SCHEMA.containsKey(type(resource))) {
                check(resource, findings);
            }
        }
    }

    private static String type(Node resource) {
        return resource.text("apiVersion") + " " + resource.text("kind");
    }

    private void check(Node resource, Findings findings) {
        Optional<Kind> kind = kinds.computeIfAbsent(type(resource), _ -> kind(resource));
        if (kind.isEmpty()) {
            findings.add(resource, "no schema knows " + type(resource));
            return;
        }
        ObjectNode schema = kind.get().schema();
        JsonNode object = resource.json().deepCopy();
        if (schema.has("properties")) {
            applyDefaults(schema, object);
        }
        for (Error error : kind.get().closed().validate(object)) {
            findings.add(resource + error.getInstanceLocation().toString().replace('/', '.'), error.getMessage());
        }
        walk(schema, schema, new Node(resource.object(), "", object), findings);
    }

    // Finding the schema of a kind

    private Optional<Kind> kind(Node resource) {
        String version = resource.text("apiVersion").replaceAll(".*/", "");
        String group = resource.text("apiVersion").replaceAll("/?[^/]*$", "");
        Path definition = definitions.get(group + " " + resource.text("kind"));
        if (definition == null) {
            return kubernetes((group.isEmpty() ? "api/" : "apis/" + group + "/") + version, resource.text("kind"));
        }
        return Manifests.parse(Manifests.read(definition)).resources().getFirst().each("spec.versions").stream()
                .filter(served -> served.text("name").equals(version)
                        && served.text("served").equals("true"))
                .map(served -> (ObjectNode) served.at("schema.openAPIV3Schema").json())
                .findFirst()
                .map(this::custom);
    }

    /** With Kubernetes' own schema of metadata, of which a definition says nothing. */
    private Kind custom(ObjectNode schema) {
        ObjectNode components = schema.putObject("components").putObject("schemas");
        document("api/v1").orElseThrow().at("/components/schemas").forEachEntry((name, component) -> {
            if (name.startsWith(META)) {
                components.set(name, component);
            }
        });
        ((ObjectNode) schema.path("properties")).set("metadata", reference(META + "ObjectMeta"));
        return new Kind(schema, registry.getSchema(closed(schema, true)));
    }

    private Optional<Kind> kubernetes(String name, String kind) {
        for (JsonNode document : document(name).stream().toList()) {
            for (Map.Entry<String, JsonNode> component :
                    document.at("/components/schemas").properties()) {
                JsonNode named = component.getValue().at("/x-kubernetes-group-version-kind/0/kind");
                if (named.asString("").equals(kind)) {
                    ObjectNode schema = JsonNodeFactory.instance.objectNode();
                    schema.putArray("allOf").add(reference(component.getKey()));
                    schema.set("components", document.path("components"));
                    return Optional.of(new Kind(schema, registry.getSchema(closed(schema, true))));
                }
            }
        }
        return Optional.empty();
    }

    private Optional<JsonNode> document(String name) {
        return Manifests.files(requireNonNull(folder).resolve("k8s-schemas"), ".*\\.json").stream()
                .filter(file -> file.endsWith(name + ".json"))
                .findFirst()
                .map(file -> JsonMapper.shared().readTree(Manifests.read(file)));
    }

    private static ObjectNode reference(String component) {
        return JsonNodeFactory.instance.objectNode().put("$ref", "#/components/schemas/" + component);
    }

    /**
     * A schema that refuses fields which it does not name. Parts of a combination (allOf, anyOf, oneOf, not) see only some
     * of the fields, and stay open.
     */
    private static JsonNode closed(JsonNode schema, boolean close) {
        if (!schema.isObject()) {
            return schema; // additionalProperties: true
        }
        ObjectNode copy = JsonNodeFactory.instance.objectNode();
        schema.forEachEntry((keyword, value) -> {
            switch (keyword) {
                case "properties", "schemas" -> {
                    ObjectNode fields = copy.putObject(keyword);
                    value.forEachEntry((field, fieldSchema) -> fields.set(field, closed(fieldSchema, close)));
                }
                case "items", "additionalProperties", "components" -> copy.set(keyword, closed(value, close));
                case "not" -> copy.set(keyword, closed(value, false));
                case "allOf", "anyOf", "oneOf" -> {
                    ArrayNode parts = copy.putArray(keyword);
                    value.forEach(part -> parts.add(closed(part, false)));
                }
                case String other when other.startsWith("x-") -> {}
                case "description", "default" -> {}
                default -> copy.set(keyword, value);
            }
        });
        if (schema.path("x-kubernetes-int-or-string").asBoolean(false)) {
            copy.remove("type");
            ArrayNode types = copy.putArray("anyOf");
            List.of("integer", "string").forEach(type -> types.addObject().put("type", type));
        }
        boolean open =
                schema.path("x-kubernetes-preserve-unknown-fields").asBoolean(schema.has("additionalProperties"));
        if (close && schema.has("properties") && !open) {
            copy.put("additionalProperties", false);
        }
        return copy;
    }

    // Walking through an object and its schema

    /** The schema of a field; one that says nothing where the field is not declared. */
    static JsonNode of(JsonNode schema, String field) {
        JsonNode declared = schema.path("properties").path(field);
        return declared.isMissingNode() ? schema.path("additionalProperties") : declared;
    }

    private static JsonNode resolved(JsonNode root, JsonNode schema) {
        String target = schema.path("$ref").asString(schema.at("/allOf/0/$ref").asString(""));
        return target.isEmpty() ? schema : resolved(root, root.at(target.substring(1)));
    }

    private static void applyDefaults(JsonNode schema, JsonNode value) {
        if (value instanceof ObjectNode object) {
            schema.path("properties").forEachEntry((field, declared) -> {
                if (!object.has(field) && declared.has("default")) {
                    object.set(field, declared.path("default").deepCopy());
                }
            });
            object.forEachEntry((field, child) -> applyDefaults(of(schema, field), child));
        } else if (value.isArray()) {
            value.forEach(element -> applyDefaults(schema.path("items"), element));
        }
    }

    private void walk(JsonNode root, JsonNode unresolved, Node node, Findings findings) {
        JsonNode schema = resolved(root, unresolved);
        JsonNode items = resolved(root, schema.path("items"));
        rules.broken(schema, node.json()).forEach(message -> findings.add(node, message));
        for (String field : node.json().propertyNames()) {
            walk(root, of(schema, field), node.at(field), findings);
        }
        String type = schema.path("x-kubernetes-list-type").asString("");
        Set<Object> seen = new HashSet<>();
        for (Node element : node.each("")) {
            walk(root, items, element, findings);
            Object key = type.equals("set") ? element.json() : key(schema, items, element.json());
            boolean fine = !Set.of("set", "map").contains(type) || seen.add(key);
            findings.unless(fine, node, "the key " + key + " is there twice");
        }
    }

    private static List<String> key(JsonNode schema, JsonNode items, JsonNode element) {
        List<String> key = new ArrayList<>();
        for (JsonNode name : schema.path("x-kubernetes-list-map-keys")) {
            String otherwise = of(items, name.asString()).path("default").asString("");
            key.add(element.path(name.asString()).asString(otherwise));
        }
        return key;
    }

    // Without schemas

    private static void checkByModel(Node resource, Findings findings) {
        if (resource.custom()) {
            return;
        }
        String version = resource.text("apiVersion").replaceAll(".*/", "").replace('v', 'V');
        String json = resource.json().toString();
        try {
            Class<?> model = Class.forName(MODELS + version + resource.text("kind"));
            model.getMethod("validateJsonElement", JsonElement.class).invoke(null, JsonParser.parseString(json));
            JSON.getGson().fromJson(json, model);
        } catch (ClassNotFoundException e) {
            findings.add(resource, "no schema knows " + type(resource));
        } catch (InvocationTargetException e) {
            findings.add(resource, String.valueOf(e.getTargetException().getMessage()));
        } catch (ReflectiveOperationException | RuntimeException e) {
            findings.add(resource, String.valueOf(e.getMessage()));
        }
    }
}

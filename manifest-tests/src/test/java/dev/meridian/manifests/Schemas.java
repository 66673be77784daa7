package dev.meridian.manifests;

import static java.util.Objects.requireNonNull;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialect;
import com.networknt.schema.dialect.Dialects;
import com.networknt.schema.keyword.NonValidationKeyword;
import io.kubernetes.client.openapi.JSON;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.MissingNode;
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
            "barmancloud.cnpg.io/v1 ObjectStore",
                    "the Barman Cloud plugin's only kind here, and its only object is small",
            "gateway.networking.k8s.io/v1 GatewayClass", "it names its controller and no more",
            "monitoring.coreos.com/v1 Prometheus", "of the cluster, not of an overlay");

    private static final String COMPONENTS = "#/components/schemas/";
    private static final String META = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    /** The group and the kind of a definition, each file having one. */
    private static final Pattern DEFINED =
            Pattern.compile("(?ms)^spec:$.*?^  group: (\\S+)$.*?^  names:$.*?^    kind: (\\S+)$");

    private static @Nullable Schemas instance;

    private final @Nullable Path folder;
    private final SchemaRegistry registry = SchemaRegistry.withDialect(Dialect.builder(Dialects.getOpenApi30())
            .keyword(new NonValidationKeyword("components"))
            .build());
    private final Map<String, Optional<Kind>> kinds = new HashMap<>();
    private final Map<String, Path> definitions = new HashMap<>();
    private final Map<String, Optional<JsonNode>> documents = new HashMap<>();
    private final CelRules rules = new CelRules();

    /** The schema as it was published, and the closed one that refuses unknown fields. */
    private record Kind(JsonNode schema, Schema closed, boolean custom) {}

    private Schemas(@Nullable Path folder) {
        this.folder = folder;
        if (folder == null) {
            System.err.println(
                    "CUSTOM RESOURCES ARE NOT CHECKED BY SCHEMA: the property meridian.schemas names no folder");
            return;
        }
        try (Stream<Path> files = Files.walk(folder.resolve("crds"))) {
            files.filter(file -> file.toString().endsWith(".yaml"))
                    .forEach(file -> DEFINED.matcher(Manifests.read(file))
                            .results()
                            .forEach(defined -> definitions.put(defined.group(1) + " " + defined.group(2), file)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static synchronized Schemas instance() {
        if (instance == null) {
            String folder = System.getProperty("meridian.schemas", "");
            instance = new Schemas(folder.isEmpty() ? null : Path.of(folder));
        }
        return instance;
    }

    /** Whether the operators' kinds are known. */
    boolean complete() {
        return folder != null;
    }

    CelRules rules() {
        return rules;
    }

    void check(Manifests manifests, Findings findings) {
        manifests.resources().forEach(resource -> check(resource, findings));
    }

    private void check(Resource resource, Findings findings) {
        String type = resource.apiVersion() + " " + resource.kind();
        if (WITHOUT_SCHEMA.containsKey(type)) {
            return;
        }
        if (folder == null) {
            checkByModel(resource, findings);
            return;
        }
        Optional<Kind> kind = kinds.computeIfAbsent(type, _ -> kind(resource));
        if (kind.isEmpty()) {
            findings.add(resource, "", "no schema knows " + type);
            return;
        }
        JsonNode object = resource.json().deepCopy();
        if (kind.get().custom()) {
            applyDefaults(kind.get().schema(), object);
        }
        for (Error error : kind.get().closed().validate(object)) {
            findings.add(resource, dotted(error.getInstanceLocation().toString()), error.getMessage());
        }
        walk(kind.get().schema(), kind.get().schema(), object, "", resource, findings);
    }

    // Finding the schema of a kind

    private Optional<Kind> kind(Resource resource) {
        String version = resource.apiVersion().replaceAll(".*/", "");
        String group =
                resource.apiVersion().contains("/") ? resource.apiVersion().replaceAll("/.*", "") : "";
        Path definition = definitions.get(group + " " + resource.kind());
        if (definition == null) {
            return kubernetes(
                    group.isEmpty() ? "api/" + version : "apis/" + group + "/" + version, version, resource.kind());
        }
        JsonNode core = document("api/v1").orElseThrow();
        return Manifests.parse(Manifests.read(definition)).resources().stream()
                .flatMap(crd -> crd.each("/spec/versions"))
                .filter(served -> served.path("name").asString().equals(version)
                        && served.path("served").asBoolean())
                .findFirst()
                .map(served -> {
                    ObjectNode schema =
                            (ObjectNode) served.at("/schema/openAPIV3Schema").deepCopy();
                    ((ObjectNode) schema.path("properties"))
                            .set("metadata", reference(COMPONENTS + META + "ObjectMeta"));
                    ObjectNode components = schema.putObject("components").putObject("schemas");
                    core.at("/components/schemas")
                            .propertyStream()
                            .filter(component -> component.getKey().startsWith(META))
                            .forEach(component -> components.set(component.getKey(), component.getValue()));
                    return new Kind(schema, registry.getSchema(closed(schema, true)), true);
                });
    }

    private Optional<Kind> kubernetes(String document, String version, String kind) {
        return document(document)
                .flatMap(openApi -> openApi.at("/components/schemas")
                        .propertyStream()
                        .filter(component -> component
                                .getValue()
                                .path("x-kubernetes-group-version-kind")
                                .valueStream()
                                .anyMatch(gvk -> gvk.path("kind").asString().equals(kind)
                                        && gvk.path("version").asString().equals(version)))
                        .findFirst()
                        .map(component -> {
                            ObjectNode schema = JsonNodeFactory.instance.objectNode();
                            schema.set(
                                    "allOf",
                                    JsonNodeFactory.instance
                                            .arrayNode()
                                            .add(reference(COMPONENTS + component.getKey())));
                            schema.set("components", openApi.path("components"));
                            return new Kind(schema, registry.getSchema(closed(schema, true)), false);
                        }));
    }

    private Optional<JsonNode> document(String name) {
        return documents.computeIfAbsent(name, _ -> {
            try (Stream<Path> versions = Files.list(requireNonNull(folder).resolve("k8s-schemas"))) {
                return versions.map(version -> version.resolve(name + ".json"))
                        .filter(Files::exists)
                        .findFirst()
                        .map(file -> JsonMapper.shared().readTree(Manifests.read(file)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static ObjectNode reference(String target) {
        return JsonNodeFactory.instance.objectNode().put("$ref", target);
    }

    /**
     * A schema that refuses fields which it does not name. Parts of a combination (allOf, anyOf, oneOf, not) see only some
     * of the fields, and stay open.
     */
    private static JsonNode closed(JsonNode schema, boolean close) {
        if (schema instanceof ArrayNode list) {
            ArrayNode parts = JsonNodeFactory.instance.arrayNode();
            list.forEach(part -> parts.add(closed(part, close)));
            return parts;
        }
        if (!(schema instanceof ObjectNode)) {
            return schema;
        }
        ObjectNode copy = JsonNodeFactory.instance.objectNode();
        schema.forEachEntry((keyword, value) -> {
            switch (keyword) {
                case "description", "default" -> {}
                case "properties", "schemas" -> {
                    ObjectNode fields = copy.putObject(keyword);
                    value.forEachEntry((field, fieldSchema) -> fields.set(field, closed(fieldSchema, close)));
                }
                case "items", "additionalProperties", "components" -> copy.set(keyword, closed(value, close));
                case "allOf", "anyOf", "oneOf", "not" -> copy.set(keyword, closed(value, false));
                default -> {
                    if (!keyword.startsWith("x-")) {
                        copy.set(keyword, value);
                    }
                }
            }
        });
        if (schema.path("x-kubernetes-int-or-string").asBoolean(false)) {
            copy.remove("type");
            copy.putArray("anyOf").addObject().put("type", "integer");
            ((ArrayNode) copy.get("anyOf")).addObject().put("type", "string");
        }
        boolean open = schema.path("x-kubernetes-preserve-unknown-fields").asBoolean(false)
                || schema.has("additionalProperties");
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
        String target = schema.path("$ref").asString("");
        if (!target.isEmpty()) {
            return resolved(root, root.at(target.substring(1)));
        }
        JsonNode parts = schema.path("allOf");
        boolean reference = parts.size() == 1 && parts.path(0).has("$ref");
        return reference ? resolved(root, parts.path(0)) : schema;
    }

    private static void applyDefaults(JsonNode schema, JsonNode value) {
        if (value instanceof ObjectNode object) {
            schema.path("properties").forEachEntry((field, fieldSchema) -> {
                if (!object.has(field) && fieldSchema.has("default")) {
                    object.set(field, fieldSchema.get("default").deepCopy());
                }
            });
            object.forEachEntry((field, fieldValue) -> applyDefaults(of(schema, field), fieldValue));
        } else if (value.isArray()) {
            value.forEach(element -> applyDefaults(schema.path("items"), element));
        }
    }

    private void walk(
            JsonNode root, JsonNode unresolved, JsonNode value, String path, Resource resource, Findings findings) {
        JsonNode schema = resolved(root, unresolved);
        rules.broken(schema, value).forEach(message -> findings.add(resource, dotted(path), message));
        if (value.isObject()) {
            value.forEachEntry((field, fieldValue) ->
                    walk(root, of(schema, field), fieldValue, path + "/" + field, resource, findings));
        } else if (value.isArray()) {
            JsonNode items = resolved(root, schema.path("items"));
            checkKeys(schema, items, value, path, resource, findings);
            for (int i = 0; i < value.size(); i++) {
                walk(root, items, value.get(i), path + "/" + i, resource, findings);
            }
        }
    }

    private static void checkKeys(
            JsonNode schema, JsonNode items, JsonNode list, String path, Resource resource, Findings findings) {
        String type = schema.path("x-kubernetes-list-type").asString("");
        if (!type.equals("map") && !type.equals("set")) {
            return;
        }
        Set<Object> seen = new HashSet<>();
        for (JsonNode element : list) {
            Object key = type.equals("set")
                    ? element
                    : schema.path("x-kubernetes-list-map-keys")
                            .valueStream()
                            .map(name -> element.path(name.asString()).isMissingNode()
                                    ? of(items, name.asString()).path("default")
                                    : element.path(name.asString()))
                            .map(part -> part instanceof MissingNode ? "-" : part.asString(""))
                            .toList();
            findings.unless(seen.add(key), resource, dotted(path), "the key " + key + " is there twice");
        }
    }

    private static String dotted(String pointer) {
        return pointer.isEmpty() ? "" : pointer.substring(1).replace('/', '.');
    }

    // Without schemas

    /** Kubernetes' own kinds only. */
    private static void checkByModel(Resource resource, Findings findings) {
        String version = resource.apiVersion().replaceAll(".*/", "");
        String group = resource.apiVersion().replaceAll("/.*", "");
        if (group.contains(".") && !group.endsWith(".k8s.io") || group.startsWith("gateway.")) {
            return;
        }
        try {
            Class<?> model = Class.forName("io.kubernetes.client.openapi.models."
                    + version.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + version.substring(1)
                    + resource.kind());
            String json = resource.json().toString();
            model.getMethod("validateJsonElement", com.google.gson.JsonElement.class)
                    .invoke(null, com.google.gson.JsonParser.parseString(json));
            JSON.getGson().fromJson(json, model);
        } catch (ClassNotFoundException e) {
            findings.add(resource, "", "no schema knows " + resource.apiVersion() + " " + resource.kind());
        } catch (InvocationTargetException e) {
            findings.add(
                    resource,
                    "",
                    String.valueOf(e.getTargetException().getMessage()).replaceAll(" JSON: .*", ""));
        } catch (RuntimeException e) {
            findings.add(resource, "", String.valueOf(e.getMessage()));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}

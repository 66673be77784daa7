package dev.meridian.orders;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The description of the HTTP API, {@code docs/openapi.json}. */
public final class OpenApi {

    static final Path FILE = Path.of("../docs/openapi.json");

    private static final Set<String> METHODS =
            Set.of("get", "put", "post", "delete", "options", "head", "patch", "trace");

    private static final String ERROR = "[45]..";
    private static final String PROBLEM = "application/problem+json";

    /** The name of a problem in an error's description. */
    private static final Pattern NAME = Pattern.compile("`([a-z]+(-[a-z]+)+)`");

    /** Each type of problem has a row in docs/problems.md. */
    private static final String EXPLANATIONS = AsyncApi.text(Path.of("../docs/problems.md"));

    public static final OpenApi DESCRIPTION = new OpenApi(JsonMapper.shared().readTree(AsyncApi.text(FILE)));

    private final JsonNode document;
    private final Map<String, JsonNode> operations = new TreeMap<>();
    private final Map<JsonNode, Schema> schemas = new ConcurrentHashMap<>();

    private OpenApi(JsonNode document) {
        this.document = document;
        document.at("/paths")
                .forEachEntry((path, item) -> item.propertyStream()
                        .filter(property -> METHODS.contains(property.getKey()))
                        .forEach(property -> operations.put(
                                property.getKey().toUpperCase(Locale.ROOT) + " " + path, property.getValue())));
    }

    /** Methods and paths, such as {@code GET /api/orders/{id}}. */
    public Set<String> operations() {
        return operations.keySet();
    }

    private JsonNode operation(String name) {
        JsonNode operation = operations.get(name);
        if (operation == null) {
            throw new AssertionError("Not described: " + name);
        }
        return operation;
    }

    /** The scope that an operation's caller needs; empty for a public one. */
    public String scope(String operation) {
        return operation(operation).at("/security/0/token/0").asString("");
    }

    /** Whether the operation's description allows this body of a request. */
    public boolean allows(String operation, String body) {
        return errors(
                        operation(operation).at("/requestBody/content/application~1json/schema"),
                        JsonMapper.shared().readTree(body))
                .isEmpty();
    }

    /** What an operation takes and answers: the content of each media type. */
    private Stream<JsonNode> contents(JsonNode operation) {
        return Stream.concat(
                        Stream.of(operation.path("requestBody")),
                        operation.path("responses").valueStream().map(this::follow))
                .flatMap(message -> message.path("content").valueStream());
    }

    /** The bodies of an operation's example requests. */
    List<String> exampleRequests(String operation) {
        return operation(operation)
                .at("/requestBody/content/application~1json/examples")
                .valueStream()
                .map(example -> example.path("value").toString())
                .toList();
    }

    /** How examples differ from their schemas. */
    List<String> differencesOfExamples() {
        return operations.values().stream()
                .flatMap(this::contents)
                .flatMap(content -> content.path("examples")
                        .valueStream()
                        .flatMap(example -> errors(content.path("schema"), example.path("value")).stream()))
                .toList();
    }

    /** The problems that the descriptions of errors name. */
    Set<String> problems() {
        return operations.values().stream()
                .flatMap(operation -> operation.path("responses").propertyStream())
                .filter(response -> response.getKey().matches(ERROR))
                .flatMap(response -> problems(follow(response.getValue())).stream())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> problems(JsonNode response) {
        return NAME.matcher(response.path("description").asString())
                .results()
                .map(name -> name.group(1))
                .collect(Collectors.toSet());
    }

    /** @throws AssertionError if an answer is not a problem detail as every operation may answer it */
    public void checkProblem(UnaryOperator<String> header, String body) {
        assertThat(differences(document.at("/components/responses/Problem"), header, body))
                .as(body)
                .isEmpty();
    }

    /** @throws AssertionError if an answer {@link #differences differs} from the description */
    public void check(String method, String path, int status, UnaryOperator<String> header, @Nullable String body) {
        assertThat(differences(method, path, status, header, body))
                .as("%s %s was answered %d: %s", method, path, status, body)
                .isEmpty();
    }

    /**
     * How an answer differs from the description. Addresses outside {@code /api} are not part of the API. An address that
     * is not described may only answer with a problem of 4xx.
     *
     * @param header a header's value by its name, empty if the answer lacks it
     * @param body null for an answer to HEAD and for a stream
     */
    List<String> differences(
            String method, String path, int status, UnaryOperator<String> header, @Nullable String body) {
        if (!path.startsWith("/api/")) {
            return List.of();
        }
        JsonNode operation = find(method.equals("HEAD") ? "GET" : method, path);
        if (operation == null) {
            return status / 100 == 4
                    ? differences(document.at("/components/responses/Problem"), header, body)
                    : List.of("the address is not described");
        }
        JsonNode responses = operation.path("responses");
        String code = responses.has(Integer.toString(status)) ? Integer.toString(status) : "default";
        JsonNode response = follow(responses.path(code));
        List<String> differences = new ArrayList<>(differences(response, header, body));
        if (body != null && code.matches(ERROR) && !problems(response).contains(problem(body))) {
            differences.add("the description of " + code + " does not name " + problem(body));
        }
        return differences;
    }

    private @Nullable JsonNode find(String method, String path) {
        return operations.entrySet().stream()
                .filter(operation ->
                        (method + " " + path).matches(operation.getKey().replaceAll("\\{[^}]*}", "[^/]+")))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    private List<String> differences(JsonNode response, UnaryOperator<String> header, @Nullable String body) {
        if (response.isMissingNode()) {
            return List.of("the status is not described");
        }
        List<String> differences = new ArrayList<>();
        response.path("headers").forEachEntry((name, reference) -> {
            JsonNode described = follow(reference);
            String value = header.apply(name);
            if (!value.isEmpty()) {
                differences.addAll(
                        errors(described.path("schema"), JsonMapper.shared().valueToTree(value)));
            } else if (described.path("required").asBoolean(false)) {
                differences.add("the header " + name + " is missing");
            }
        });
        JsonNode content = response.path("content");
        if (content.isMissingNode()) {
            if (body != null && !body.isEmpty()) {
                differences.add("a body is not described");
            }
            return differences;
        }
        String type = header.apply("Content-Type").replaceFirst(";.*", "");
        if (type.equals(PROBLEM) && body != null && !EXPLANATIONS.contains("| `" + problem(body) + "` |")) {
            differences.add("docs/problems.md does not explain " + problem(body));
        }
        if (!content.has(type)) {
            differences.add("the media type '" + type + "' is not described");
        } else if (body != null) {
            differences.addAll(errors(
                    content.path(type).path("schema"), JsonMapper.shared().readTree(body)));
        }
        return differences;
    }

    /** The last part of the problem's type. */
    private static String problem(String body) {
        String type = JsonMapper.shared().readTree(body).path("type").asString("");
        return type.substring(type.lastIndexOf('/') + 1);
    }

    private List<String> errors(JsonNode schema, JsonNode json) {
        return schemas
                .computeIfAbsent(schema, this::compiled)
                .validate(json, context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)))
                .stream()
                .map(Object::toString)
                .toList();
    }

    /** With the components of the document, since the schema refers to them. */
    private Schema compiled(JsonNode schema) {
        ObjectNode whole = schema.deepCopy().asObject();
        whole.set("components", document.path("components"));
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(whole);
    }

    private JsonNode follow(JsonNode node) {
        return node.has("$ref") ? document.at(node.path("$ref").asString().substring(1)) : node;
    }
}

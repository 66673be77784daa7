package dev.meridian.manifests;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An object of the manifests or a place in one, which names itself in reports: {@code Service/gateway spec.ports[http]}.
 * Where nothing is there, every part of it is empty.
 *
 * @param object the object's kind and name
 * @param path of names with dots between them
 */
record Node(String object, String path, JsonNode json) {

    static Node root(ObjectNode json) {
        return new Node(
                json.path("kind").asString("") + "/" + json.at("/metadata/name").asString(""), "", json);
    }

    Node at(String path) {
        if (path.isEmpty()) {
            return this;
        }
        JsonNode there = json;
        for (String step : path.split("\\.")) {
            there = there.path(step);
        }
        return new Node(object, this.path.isEmpty() ? path : this.path + "." + path, there);
    }

    boolean has(String path) {
        return !at(path).json.isMissingNode();
    }

    String text() {
        return json.asString("");
    }

    String text(String path) {
        return at(path).text();
    }

    String text(String path, String otherwise) {
        return at(path).json.asString(otherwise);
    }

    int number(String path, int otherwise) {
        return at(path).json.asInt(otherwise);
    }

    /** The elements of a list, which are named by their names or numbers. */
    List<Node> each(String path) {
        Node list = at(path);
        List<Node> elements = new ArrayList<>();
        for (JsonNode element : list.json.isArray() ? list.json : List.<JsonNode>of()) {
            String name = element.path("name").asString(Integer.toString(elements.size()));
            elements.add(new Node(object, list.path + "[" + name + "]", element));
        }
        return elements;
    }

    /** Every place that a path leads to which goes through lists: {@code spec.rules[].backendRefs[]}. */
    Stream<Node> all(String path) {
        int list = path.indexOf("[]");
        return list < 0
                ? Stream.of(at(path))
                : each(path.substring(0, list)).stream()
                        .flatMap(element -> element.all(path.substring(list + 2).replaceFirst("^\\.", "")));
    }

    List<String> texts(String path) {
        return each(path).stream().map(Node::text).toList();
    }

    /** A map of texts, such as labels. */
    Map<String, String> map(String path) {
        Map<String, String> texts = new TreeMap<>();
        at(path).json.forEachEntry((name, value) -> texts.put(name, value.asString("")));
        return texts;
    }

    Set<String> keys(String path) {
        return map(path).keySet();
    }

    String kind() {
        return object.substring(0, object.indexOf('/'));
    }

    String name() {
        return object.substring(object.indexOf('/') + 1);
    }

    /** Of an operator, not of Kubernetes itself. */
    boolean custom() {
        String group = text("apiVersion").replaceAll("/.*", "");
        return group.contains(".") && (!group.endsWith(".k8s.io") || group.startsWith("gateway."));
    }

    /** Whether a label selector matches, or that of a Service, which is a plain map; an empty one matches everything. */
    boolean selects(Map<String, String> labels) {
        boolean plain = path.equals("spec.selector") && kind().equals("Service");
        return labels.entrySet().containsAll(map(plain ? "" : "matchLabels").entrySet())
                && each("matchExpressions").stream().allMatch(expression -> {
                    String value = labels.get(expression.text("key"));
                    boolean listed = value != null && expression.texts("values").contains(value);
                    return switch (expression.text("operator")) {
                        case "In" -> listed;
                        case "NotIn" -> !listed;
                        case "Exists" -> value != null;
                        case "DoesNotExist" -> value == null;
                        default -> false;
                    };
                });
    }

    @Override
    public String toString() {
        return path.isEmpty() ? object : object + " " + path;
    }
}

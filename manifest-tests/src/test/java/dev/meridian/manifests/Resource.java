package dev.meridian.manifests;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** One object of the manifests, as an API server would get it. */
record Resource(ObjectNode json) {

    String apiVersion() {
        return text("/apiVersion");
    }

    String kind() {
        return text("/kind");
    }

    String name() {
        return text("/metadata/name");
    }

    JsonNode at(String pointer) {
        return json.at(pointer);
    }

    /** The empty text where nothing is. */
    String text(String pointer) {
        return json.at(pointer).asString("");
    }

    Stream<JsonNode> each(String pointer) {
        return json.at(pointer).valueStream();
    }

    Map<String, String> labels() {
        return texts(json.at("/metadata/labels"));
    }

    /** A map of texts, such as labels. */
    static Map<String, String> texts(JsonNode map) {
        Map<String, String> texts = new TreeMap<>();
        map.propertyStream()
                .forEach(entry -> texts.put(entry.getKey(), entry.getValue().asString("")));
        return texts;
    }

    @Override
    public String toString() {
        return kind() + "/" + name();
    }
}

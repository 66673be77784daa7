package dev.meridian.orders;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The description of all topics and events, {@code docs/events/asyncapi.yaml}. */
public final class AsyncApi {

    static final Path EVENTS = Path.of("../docs/events");

    private final JsonNode document;

    private AsyncApi(JsonNode document) {
        this.document = document;
    }

    public static AsyncApi read() {
        return new AsyncApi(new YAMLMapper().readTree(text(EVENTS.resolve("asyncapi.yaml"))));
    }

    /** @param messages by their names, which are the types of the events */
    record Channel(String address, JsonNode kafka, Map<String, JsonNode> messages) {}

    List<Channel> channels() {
        List<Channel> channels = new ArrayList<>();
        for (JsonNode channel : document.at("/channels")) {
            Map<String, JsonNode> messages = new TreeMap<>();
            for (JsonNode reference : channel.at("/messages")) {
                JsonNode message = follow(reference);
                messages.put(message.at("/name").asString(), message);
            }
            channels.add(new Channel(channel.at("/address").asString(), channel.at("/bindings/kafka"), messages));
        }
        return channels;
    }

    Channel channel(String address) {
        return channels().stream()
                .filter(channel -> channel.address.equals(address))
                .findFirst()
                .orElseThrow(() -> new AssertionError("No channel " + address));
    }

    /** The addresses that an application sends to, or receives from. */
    List<String> addresses(String action, String application) {
        return document.at("/operations")
                .valueStream()
                .filter(operation -> operation.at("/action").asString().equals(action))
                .filter(operation -> operation.at("/tags/0/name").asString().equals(application))
                .map(operation ->
                        follow(operation.at("/channel")).at("/address").asString())
                .toList();
    }

    private JsonNode follow(JsonNode reference) {
        String target = reference.at("/$ref").asString();
        JsonNode found = document.at(target.substring(1));
        if (!target.startsWith("#/") || found.isMissingNode()) {
            throw new AssertionError("Nothing is at " + target);
        }
        return found;
    }

    /** The file that describes a message's value. */
    static Path schema(JsonNode message) {
        return EVENTS.resolve(message.at("/payload/schema/$ref").asString()).normalize();
    }

    /** In what a published record differs from what is described: key, headers and value. */
    public List<String> differences(ConsumerRecord<String, String> record) {
        Map<String, String> headers = new TreeMap<>();
        for (Header header : record.headers()) {
            headers.put(header.key(), Feed.header(record, header.key()));
        }
        String type = Feed.header(record, "ce_type");
        JsonNode message = channel(record.topic()).messages.get(type);
        if (message == null) {
            return List.of("no message of type " + type + " on " + record.topic());
        }
        List<String> differences = new ArrayList<>();
        String described = JsonMapper.shared().writeValueAsString(headers);
        differences.addAll(errors(message.at("/headers").toString(), described));
        for (JsonNode trait : message.at("/traits")) {
            JsonNode shared = follow(trait);
            differences.addAll(errors(shared.at("/headers").toString(), described));
            differences.addAll(errors(
                    shared.at("/bindings/kafka/key").toString(),
                    JsonMapper.shared().writeValueAsString(record.key())));
        }
        differences.addAll(errors(text(schema(message)), record.value()));
        return differences;
    }

    private static List<String> errors(String schema, String json) {
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(schema)
                .validate(
                        json,
                        InputFormat.JSON,
                        context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)))
                .stream()
                .map(Object::toString)
                .toList();
    }

    static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

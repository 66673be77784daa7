package dev.meridian.orders;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.kafka.annotation.KafkaListener;
import tools.jackson.databind.JsonNode;

/** The description of the events agrees with the topics that are declared, the schemas, and this service. */
class AsyncApiTest {

    private static final List<? extends Class<?>> SERVICE = new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("dev.meridian.orders")
                    .stream()
                    .map(JavaClass::reflect)
                    .toList();

    private final AsyncApi events = AsyncApi.read();

    @Test
    void itsChannelsAreTheTopicsThatAreDeclared() {
        Map<String, String> declared = new TreeMap<>();
        for (String line : AsyncApi.text(Path.of("../edge/kafka/topics.conf")).split("\n")) {
            List<String> words = List.of(line.strip().split("\\s+"));
            if (words.getFirst().equals("topic")) {
                String cleanup = words.contains("cleanup.policy=compact") ? " compact" : "";
                declared.put(words.get(1), words.get(2) + cleanup);
            }
        }

        Map<String, String> described = new TreeMap<>();
        for (AsyncApi.Channel channel : events.channels()) {
            JsonNode policy = channel.kafka()
                    .path("topicConfiguration")
                    .path("cleanup.policy")
                    .path(0);
            described.put(
                    channel.kafka().at("/topic").asString(),
                    channel.kafka().at("/partitions").asInt()
                            + (policy.isMissingNode() ? "" : " " + policy.asString()));
            assertThat(channel.kafka().at("/topic").asString()).isEqualTo(channel.address());
        }
        assertThat(described).isEqualTo(declared).isNotEmpty();
    }

    /** A schema says in its description under which type, on which topic and from whom its event comes. */
    @Test
    void itsMessagesAreTheEventsThatTheSchemasDescribe() throws IOException {
        List<Path> schemas = new ArrayList<>();
        for (AsyncApi.Channel channel : events.channels()) {
            assertThat(channel.messages()).as(channel.address()).isNotEmpty();
            channel.messages().forEach((type, message) -> {
                JsonNode schema =
                        new tools.jackson.databind.json.JsonMapper().readTree(AsyncApi.text(AsyncApi.schema(message)));
                assertThat(schema.at("/description").asString())
                        .startsWith("ce_type " + type + ", on topic " + channel.address())
                        .contains("from "
                                + message.at("/headers/properties/ce_source/const")
                                        .asString());
                assertThat(message.at("/headers/properties/ce_type/const").asString())
                        .isEqualTo(type);
                assertThat(message.at("/title")).isEqualTo(schema.at("/title"));
                schemas.add(AsyncApi.schema(message));
            });
        }

        try (Stream<Path> files = Files.list(AsyncApi.EVENTS)) {
            assertThat(files.filter(file -> file.toString().endsWith(".schema.json")))
                    .containsExactlyInAnyOrderElementsOf(schemas);
        }
    }

    @Test
    void everyTypeOfEventThatThisServiceKnowsIsDescribed() {
        Map<String, String> topics = events.channels().stream()
                .flatMap(
                        channel -> channel.messages().keySet().stream().map(type -> Map.entry(type, channel.address())))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        List<String> types = new ArrayList<>();
        for (Class<?> type : SERVICE) {
            String name = constant(type, "TYPE");
            if (name != null) {
                types.add(name);
                assertThat(topics).containsKey(name);
                String topic = constant(type, "TOPIC");
                if (topic != null) {
                    assertThat(topics).containsEntry(name, topic);
                    assertThat(events.addresses("send", "orders-service")).contains(topic);
                }
            }
        }
        assertThat(types)
                .contains(
                        "dev.meridian.order.placed",
                        "dev.meridian.order.cancelled",
                        "dev.meridian.order.changed",
                        "dev.meridian.fulfilment.decided",
                        "dev.meridian.fulfilment.dead-letter");
    }

    @Test
    void everyTopicThatThisServiceListensToIsDescribed() {
        List<String> listened = SERVICE.stream()
                .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
                .map(AsyncApiTest::topics)
                .flatMap(Arrays::stream)
                .filter(topic -> !topic.contains("${"))
                .toList();

        assertThat(listened).contains("fulfilment.outcomes", "fulfilment.dead-letters");
        assertThat(events.addresses("receive", "orders-service"))
                .containsAll(listened)
                .contains("orders.changed"); // read without a listener's container
    }

    private static List<? extends Class<?>> service() {
        return new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .importPackages("dev.meridian.orders")
                        .stream()
                        .map(JavaClass::reflect)
                        .toList();
    }

    private static String[] topics(Method method) {
        KafkaListener listener = method.getAnnotation(KafkaListener.class);
        return listener == null ? new String[0] : listener.topics();
    }

    private static @Nullable String constant(Class<?> type, String name) {
        try {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field.getType() == String.class ? (String) field.get(null) : null;
        } catch (NoSuchFieldException e) {
            return null;
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }
}

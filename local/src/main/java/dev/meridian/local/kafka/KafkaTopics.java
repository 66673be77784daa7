package dev.meridian.local.kafka;

import dev.meridian.local.StackException;
import dev.meridian.local.process.Deadline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * The topics and share groups that edge/kafka/topics.conf declares; the file itself explains its form.
 *
 * @param groups the settings of each share group, by its name
 */
public record KafkaTopics(List<NewTopic> topics, Map<String, Map<String, String>> groups) {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static final Pattern LINE =
            Pattern.compile("(topic\\s+(?<topic>[\\w.-]+)\\s+(?<partitions>[1-9]\\d{0,3})|group\\s+(?<group>[\\w.-]+))"
                    + "(?<settings>(\\s+[^\\s=]+=\\S+)*)");

    /**
     * Arguments: a file like edge/kafka/topics.conf, and the broker's host:port.
     *
     * @throws StackException when the file is wrong or the broker refuses
     */
    static void main(String[] arguments) throws IOException {
        read(Path.of(arguments[0])).declare(arguments[1]);
    }

    /** @throws StackException naming the line that is wrong */
    static KafkaTopics read(Path file) throws IOException {
        return parse(file.getFileName().toString(), Files.readAllLines(file));
    }

    static KafkaTopics parse(String file, List<String> lines) {
        KafkaTopics declared = new KafkaTopics(new ArrayList<>(), new HashMap<>());
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            Matcher matcher = LINE.matcher(line);
            if (!matcher.matches()) {
                throw new StackException(file + " line " + (i + 1) + " is neither `topic NAME PARTITIONS"
                        + " [SETTING=VALUE ...]` nor `group NAME [SETTING=VALUE ...]`.");
            }
            Map<String, String> settings = new HashMap<>();
            for (String setting : matcher.group("settings").strip().split("\\s+")) {
                int equals = setting.indexOf('=');
                if (equals > 0) {
                    settings.put(setting.substring(0, equals), setting.substring(equals + 1));
                }
            }
            if (matcher.group("topic") != null) {
                Optional<Integer> partitions = Optional.of(Integer.valueOf(matcher.group("partitions")));
                NewTopic topic = new NewTopic(matcher.group("topic"), partitions, Optional.empty());
                declared.topics().add(topic.configs(settings));
            } else {
                declared.groups().put(matcher.group("group"), settings);
            }
        }
        return declared;
    }

    /**
     * Creates the topics that are missing, and sets the settings; returns when all of it is in force. It may run again.
     *
     * @throws StackException when the broker refuses
     */
    void declare(String bootstrapServers) {
        Map<String, Object> client = Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrapServers,
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                (int) LIMIT.toMillis(),
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG,
                5_000,
                AdminClientConfig.RECONNECT_BACKOFF_MS_CONFIG,
                50L,
                AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                200L);
        try (Admin admin = Admin.create(client)) {
            for (KafkaFuture<Void> created : admin.createTopics(topics).values().values()) {
                try {
                    created.get();
                } catch (ExecutionException e) {
                    if (!(e.getCause() instanceof TopicExistsException)) {
                        throw e;
                    }
                }
            }
            set(admin, settings());
        } catch (ExecutionException e) {
            throw new StackException("Cannot create Kafka's topics and groups: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted.", e);
        }
    }

    private Map<ConfigResource, Map<String, String>> settings() {
        Map<ConfigResource, Map<String, String>> settings = new HashMap<>();
        topics.forEach(
                topic -> settings.put(new ConfigResource(ConfigResource.Type.TOPIC, topic.name()), topic.configs()));
        groups.forEach((group, its) -> settings.put(new ConfigResource(ConfigResource.Type.GROUP, group), its));
        settings.values().removeIf(Map::isEmpty);
        return settings;
    }

    private static void set(Admin admin, Map<ConfigResource, Map<String, String>> settings)
            throws ExecutionException, InterruptedException {
        Map<ConfigResource, Collection<AlterConfigOp>> operations = new HashMap<>();
        settings.forEach((resource, wanted) -> operations.put(
                resource,
                wanted.entrySet().stream()
                        .map(entry -> new ConfigEntry(entry.getKey(), entry.getValue()))
                        .map(entry -> new AlterConfigOp(entry, AlterConfigOp.OpType.SET))
                        .toList()));
        admin.incrementalAlterConfigs(operations).all().get();
        // The controller has them; the broker follows, and until then a first subscription would miss them.
        Deadline deadline = Deadline.in(LIMIT);
        while (!inForce(admin.describeConfigs(settings.keySet()).all().get(), settings)) {
            if (!deadline.pause()) {
                throw new StackException("The settings of Kafka's topics and groups are not in force after "
                        + LIMIT.toSeconds() + " s.");
            }
        }
    }

    private static boolean inForce(Map<ConfigResource, Config> now, Map<ConfigResource, Map<String, String>> settings) {
        return settings.entrySet().stream()
                .allMatch(resource -> resource.getValue().entrySet().stream().allMatch(wanted -> {
                    Config config = now.get(resource.getKey());
                    ConfigEntry entry = config == null ? null : config.get(wanted.getKey());
                    return entry != null && wanted.getValue().equals(entry.value());
                }));
    }
}

package dev.meridian.local;

import dev.meridian.local.process.Deadline;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;

/**
 * Declares topics and share groups at a broker: creates the topics that are missing, and sets the settings. It may run
 * again.
 */
final class KafkaTopics {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private KafkaTopics() {}

    /**
     * Arguments: a file like edge/kafka/topics.conf, and the broker's host:port.
     *
     * @throws StackException when the file is wrong or the broker refuses
     */
    static void main(String[] arguments) throws IOException {
        declare(TopicsFile.read(Path.of(arguments[0])), arguments[1]);
    }

    /** Returns when all of it is in force. */
    static void declare(TopicsFile declared, String bootstrapServers) {
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
            for (KafkaFuture<Void> created :
                    admin.createTopics(declared.topics()).values().values()) {
                try {
                    created.get();
                } catch (ExecutionException e) {
                    if (!(e.getCause() instanceof TopicExistsException)) {
                        throw e;
                    }
                }
            }
            set(admin, settings(declared));
        } catch (ExecutionException e) {
            throw new StackException("Cannot create Kafka's topics and groups: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted.", e);
        }
    }

    private static Map<ConfigResource, Map<String, String>> settings(TopicsFile declared) {
        Map<ConfigResource, Map<String, String>> settings = new HashMap<>();
        declared.topics()
                .forEach(topic ->
                        settings.put(new ConfigResource(ConfigResource.Type.TOPIC, topic.name()), topic.configs()));
        declared.groups()
                .forEach((group, its) -> settings.put(new ConfigResource(ConfigResource.Type.GROUP, group), its));
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
            if (deadline.passed()) {
                throw new StackException("The settings of Kafka's topics and groups are not in force after "
                        + LIMIT.toSeconds() + " s.");
            }
            Deadline.pause();
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

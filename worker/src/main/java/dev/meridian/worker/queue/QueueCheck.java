package dev.meridian.worker.queue;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;

/**
 * Checks that the broker keeps every order: without these settings it would skip what was sent before the first
 * worker came, or drop what no worker can handle, and in both cases without an error.
 */
class QueueCheck {

    private static final String RESET = "share.auto.offset.reset";
    private static final String DEAD_LETTER_TOPIC = "errors.deadletterqueue.topic.name";
    private static final String DEAD_LETTER_PREFIX = "errors.deadletterqueue.topic.name.prefix";
    private static final String DEAD_LETTER_ENABLED = "errors.deadletterqueue.group.enable";

    private final Admin admin;
    private final String group;
    private final Collection<String> topics;

    QueueCheck(Admin admin, String group, Collection<String> topics) {
        this.admin = admin;
        this.group = group;
        this.topics = topics;
    }

    /**
     * @throws QueueMisconfigured naming the first setting that is wrong
     * @throws ExecutionException when the broker does not answer
     */
    void run() throws ExecutionException, InterruptedException {
        Set<String> existing = admin.listTopics().names().get();
        var missing = new TreeSet<>(topics);
        missing.removeAll(existing);
        require(missing.isEmpty(), "the topics " + missing + " do not exist");

        String broker = admin.describeCluster().nodes().get().iterator().next().idString();
        var groupResource = new ConfigResource(ConfigResource.Type.GROUP, group);
        var brokerResource = new ConfigResource(ConfigResource.Type.BROKER, broker);
        Map<ConfigResource, Config> configs = admin.describeConfigs(List.of(groupResource, brokerResource))
                .all()
                .get();

        String reset = value(configs, groupResource, RESET);
        require(reset.equals("earliest"), RESET + " of share group " + group + " is '" + reset + "', not 'earliest'");

        String deadLetters = value(configs, groupResource, DEAD_LETTER_TOPIC);
        require(!deadLetters.isBlank(), DEAD_LETTER_TOPIC + " of share group " + group + " is not set");
        require(existing.contains(deadLetters), "the dead letter topic " + deadLetters + " does not exist");

        String prefix = value(configs, brokerResource, DEAD_LETTER_PREFIX);
        require(
                deadLetters.startsWith(prefix),
                "the dead letter topic " + deadLetters + " does not start with the broker's prefix '" + prefix + "'");

        var topicResource = new ConfigResource(ConfigResource.Type.TOPIC, deadLetters);
        String enabled =
                value(admin.describeConfigs(List.of(topicResource)).all().get(), topicResource, DEAD_LETTER_ENABLED);
        require(enabled.equals("true"), DEAD_LETTER_ENABLED + " of topic " + deadLetters + " is not 'true'");
    }

    private static String value(Map<ConfigResource, Config> configs, ConfigResource resource, String name) {
        Config config = configs.get(resource);
        ConfigEntry entry = config == null ? null : config.get(name);
        return entry == null || entry.value() == null ? "" : entry.value();
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new QueueMisconfigured(otherwise);
        }
    }
}

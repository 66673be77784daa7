package dev.meridian.worker.queue;

import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.config.ConfigResource;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * Refuses a start where the broker would lose orders: it would skip what was sent before the first worker came, or have
 * no place for what no worker can handle.
 */
final class QueueCheck {

    private static final String RESET = "share.auto.offset.reset";

    private QueueCheck() {}

    /** @throws InvalidConfigurationPropertyValueException naming what is wrong, as the text that a start ends with */
    static void check(Admin admin, String group, Collection<String> topics) {
        try {
            var missing = new TreeSet<>(topics);
            missing.removeAll(admin.listTopics().names().get());
            require(missing.isEmpty(), group, "the topics " + missing + " do not exist");

            var resource = new ConfigResource(ConfigResource.Type.GROUP, group);
            String reset = admin.describeConfigs(List.of(resource)).all().get().values().stream()
                    .flatMap(config -> config.entries().stream())
                    .filter(entry -> entry.name().equals(RESET))
                    .map(entry -> String.valueOf(entry.value()))
                    .findFirst()
                    .orElse("");
            require(
                    reset.equals("earliest"),
                    group,
                    RESET + " of share group " + group + " is '" + reset + "', not 'earliest'");
        } catch (ExecutionException | InterruptedException e) {
            require(false, group, "its settings cannot be read: " + e);
        }
    }

    private static void require(boolean holds, String group, String otherwise) {
        if (!holds) {
            throw new InvalidConfigurationPropertyValueException(
                    "meridian.queue.group",
                    group,
                    "The queue would lose orders: " + otherwise
                            + ". Declare it as edge/kafka/topics.conf does, before the first worker starts.");
        }
    }
}

package dev.meridian.worker.queue;

import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;

/**
 * Checks that the broker keeps every order: without these settings it would skip what was sent before the first worker
 * came, and have no place for what no worker can handle.
 */
class QueueCheck {

    private static final String RESET = "share.auto.offset.reset";

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
        var missing = new TreeSet<>(topics);
        missing.removeAll(admin.listTopics().names().get());
        require(missing.isEmpty(), "the topics " + missing + " do not exist");

        var resource = new ConfigResource(ConfigResource.Type.GROUP, group);
        Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
        ConfigEntry reset = config == null ? null : config.get(RESET);
        String value = reset == null || reset.value() == null ? "" : reset.value();
        require(value.equals("earliest"), RESET + " of share group " + group + " is '" + value + "', not 'earliest'");
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new QueueMisconfigured(otherwise);
        }
    }
}

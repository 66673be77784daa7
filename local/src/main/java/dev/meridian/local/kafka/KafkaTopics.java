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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * The topics, share groups and grants that edge/kafka/topics.conf declares; the file itself explains its form.
 *
 * @param groups the settings of each share group, by its name
 */
public record KafkaTopics(List<NewTopic> topics, Map<String, Map<String, String>> groups, Set<AclBinding> grants) {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static final Pattern LINE =
            Pattern.compile("(topic\\s+(?<topic>[\\w.-]+)\\s+(?<partitions>[1-9]\\d{0,3})|group\\s+(?<group>[\\w.-]+))"
                    + "(?<settings>(\\s+[^\\s=]+=\\S+)*)");

    private static final Pattern GRANT = Pattern.compile("grant\\s+(?<user>[\\w.-]+)\\s+(?<operation>[a-z_]+)"
            + "\\s+(?<type>topic|group)(?<names>(\\s+[\\w.-]+\\*?)+)");

    /**
     * Arguments: a file like edge/kafka/topics.conf, the broker's host:port, and a file with the administrator's password.
     *
     * @throws StackException when the file is wrong or the broker refuses
     */
    static void main(String[] arguments) throws IOException {
        String password = Files.readString(Path.of(arguments[2])).strip();
        read(Path.of(arguments[0])).declare(KafkaLogin.settings(arguments[1], KafkaLogin.ADMINISTRATOR, password));
    }

    /** @throws StackException naming the line that is wrong */
    static KafkaTopics read(Path file) throws IOException {
        return parse(file.getFileName().toString(), Files.readAllLines(file));
    }

    static KafkaTopics parse(String file, List<String> lines) {
        KafkaTopics declared = new KafkaTopics(new ArrayList<>(), new HashMap<>(), new HashSet<>());
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            Matcher grant = GRANT.matcher(line);
            if (grant.matches()
                    && !AclOperation.fromString(grant.group("operation")).isUnknown()) {
                declared.grants().addAll(granted(grant));
                continue;
            }
            Matcher matcher = LINE.matcher(line);
            if (!matcher.matches()) {
                throw new StackException(file + " line " + (i + 1) + " is neither `topic NAME PARTITIONS"
                        + " [SETTING=VALUE ...]` nor `group NAME [SETTING=VALUE ...]` nor `grant USER OPERATION"
                        + " topic|group NAME ...`.");
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

    private static List<AclBinding> granted(Matcher grant) {
        AclOperation operation = AclOperation.fromString(grant.group("operation"));
        var entry = new AccessControlEntry("User:" + grant.group("user"), "*", operation, AclPermissionType.ALLOW);
        return Stream.of(grant.group("names").strip().split("\\s+"))
                .map(name -> new ResourcePattern(
                        ResourceType.fromString(grant.group("type")),
                        name.endsWith("*") ? name.substring(0, name.length() - 1) : name,
                        name.endsWith("*") ? PatternType.PREFIXED : PatternType.LITERAL))
                .map(resource -> new AclBinding(resource, entry))
                .toList();
    }

    /**
     * Creates the topics that are missing, sets the settings, grants what is granted and takes back what is not any more;
     * returns when all of it is in force. It may run again.
     *
     * @param connection an administrator's
     * @throws StackException when the broker refuses
     */
    void declare(Map<String, Object> connection) {
        Map<String, Object> client = new HashMap<>(connection);
        client.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) LIMIT.toMillis());
        client.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        client.put(AdminClientConfig.RECONNECT_BACKOFF_MS_CONFIG, 50L);
        client.put(AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 200L);
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
            grant(admin);
        } catch (ExecutionException e) {
            throw new StackException("Cannot create Kafka's topics and groups: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted.", e);
        }
    }

    private void grant(Admin admin) throws ExecutionException, InterruptedException {
        Set<AclBinding> former = inForce(admin);
        former.removeAll(grants);
        admin.createAcls(grants).all().get();
        admin.deleteAcls(former.stream().map(AclBinding::toFilter).toList())
                .all()
                .get();
        Deadline deadline = Deadline.in(LIMIT); // the controller has them; the broker follows
        while (!inForce(admin).equals(grants)) {
            if (!deadline.pause()) {
                throw new StackException("Kafka's grants are not in force after " + LIMIT.toSeconds() + " s.");
            }
        }
    }

    private static Set<AclBinding> inForce(Admin admin) throws ExecutionException, InterruptedException {
        return new HashSet<>(admin.describeAcls(AclBindingFilter.ANY).values().get());
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

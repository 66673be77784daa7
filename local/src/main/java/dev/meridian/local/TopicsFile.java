package dev.meridian.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * The topics and share groups that edge/kafka/topics.conf declares; the file itself explains its form.
 *
 * @param groups the settings of each share group, by its name
 */
record TopicsFile(List<NewTopic> topics, Map<String, Map<String, String>> groups) {

    private static final Pattern LINE =
            Pattern.compile("(topic\\s+(?<topic>[\\w.-]+)\\s+(?<partitions>[1-9]\\d{0,3})|group\\s+(?<group>[\\w.-]+))"
                    + "(?<settings>(\\s+[^\\s=]+=\\S+)*)");

    /** @throws StackException naming the line that is wrong */
    static TopicsFile read(Path file) throws IOException {
        return parse(file.getFileName().toString(), Files.readAllLines(file));
    }

    static TopicsFile parse(String file, List<String> lines) {
        TopicsFile declared = new TopicsFile(new ArrayList<>(), new HashMap<>());
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
}

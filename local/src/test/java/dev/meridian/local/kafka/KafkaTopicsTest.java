package dev.meridian.local.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.meridian.local.Project;
import dev.meridian.local.StackException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KafkaTopicsTest {

    @Test
    void readsTheFileThatEveryEnvironmentUses() throws Exception {
        KafkaTopics file = KafkaTopics.read(Project.current().edge("kafka/topics.conf"));

        assertThat(file.topics()).extracting(NewTopic::name).contains("orders.placed", "fulfilment.dead-letters");
        assertThat(file.groups()).hasSize(1);
        assertThat(file.groups().get("fulfilment")).containsEntry("share.auto.offset.reset", "earliest");
    }

    @Test
    void passesOverCommentsAndEmptyLines() {
        KafkaTopics file = KafkaTopics.parse("t", List.of("# a comment", "", "  topic  a  3  x=1  y=a=b "));

        NewTopic topic = new NewTopic("a", Optional.of(3), Optional.empty());
        assertThat(file.topics()).containsExactly(topic.configs(Map.of("x", "1", "y", "a=b")));
    }

    @Test
    void grantsEachOfSeveralNames() {
        KafkaTopics file = KafkaTopics.parse("t", List.of("grant u read group g h.*"));

        var entry = new AccessControlEntry("User:u", "*", AclOperation.READ, AclPermissionType.ALLOW);
        assertThat(file.grants())
                .containsExactlyInAnyOrder(
                        new AclBinding(new ResourcePattern(ResourceType.GROUP, "g", PatternType.LITERAL), entry),
                        new AclBinding(new ResourcePattern(ResourceType.GROUP, "h.", PatternType.PREFIXED), entry));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "queue a 3",
                "topic",
                "topic a:b 3",
                "topic a",
                "topic a many",
                "topic a 0",
                "topic a 3 x",
                "topic a 3 =1",
                "group g x",
                "grant u read",
                "grant u read topic",
                "grant u dance topic t",
                "grant u READ topic t",
                "grant u read cluster c",
                "grant u read topic a*b"
            })
    void namesTheLineThatIsWrong(String line) {
        assertThatThrownBy(() -> KafkaTopics.parse("topics.conf", List.of("topic ok 1", line)))
                .isInstanceOf(StackException.class)
                .hasMessage("topics.conf line 2 is neither `topic NAME PARTITIONS [SETTING=VALUE ...]`"
                        + " nor `group NAME [SETTING=VALUE ...]` nor `grant USER OPERATION topic|group NAME ...`.");
    }
}

package dev.meridian.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicsFileTest {

    @Test
    void readsTheFileThatEveryEnvironmentUses() throws Exception {
        TopicsFile file = TopicsFile.read(Project.current().edge("kafka/topics.conf"));

        assertThat(file.topics())
                .extracting(TopicsFile.Topic::name)
                .contains("orders.placed", "fulfilment.dead-letters");
        assertThat(file.groups())
                .singleElement()
                .satisfies(group -> assertThat(group.settings()).containsEntry("share.auto.offset.reset", "earliest"));
    }

    @Test
    void passesOverCommentsAndEmptyLines() {
        TopicsFile file = TopicsFile.parse("t", List.of("# a comment", "", "  topic  a  3  x=1  y=a=b "));

        assertThat(file.topics()).containsExactly(new TopicsFile.Topic("a", 3, java.util.Map.of("x", "1", "y", "a=b")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    queue a 3          | starts with neither
                    topic              | lacks a name
                    topic a:b 3        | lacks a name
                    topic a            | lacks a number of partitions
                    topic a many       | lacks a number of partitions
                    topic a 0          | lacks a number of partitions
                    topic a 3 x        | has `x` where SETTING=VALUE belongs
                    topic a 3 =1       | has `=1` where SETTING=VALUE belongs
                    topic a 3 x=1 x=2  | sets x twice
                    group g x          | has `x` where SETTING=VALUE belongs
                    """)
    void namesTheLineThatIsWrong(String line, String complaint) {
        assertThatThrownBy(() -> TopicsFile.parse("topics.conf", List.of("topic ok 1", line)))
                .isInstanceOf(StackException.class)
                .hasMessageStartingWith("topics.conf line 2 " + complaint);
    }

    @Test
    void refusesTheSameTopicTwice() {
        assertThatThrownBy(() -> TopicsFile.parse("t", List.of("topic a 1", "topic a 2")))
                .hasMessage("t line 2 declares a again.");
    }
}

package dev.meridian.orders.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import dev.meridian.orders.order.OrderChanged;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.kafka.core.ConsumerFactory;
import tools.jackson.databind.json.JsonMapper;

class ChangeFeedTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Subscriptions subscriptions =
            new Subscriptions(new LiveSettings(SOON, SOON, SOON, 10, SOON), metrics);

    @SuppressWarnings("unchecked")
    private final ConsumerFactory<String, byte[]> consumers = mock();

    private final ChangeFeed feed = new ChangeFeed(consumers, subscriptions, JsonMapper.shared(), metrics);

    @AfterEach
    void stop() {
        feed.stop();
    }

    @Test
    void aPartitionThatIsAddedToTheTopicIsReadToo() {
        var consumer = consumer(1);
        when(consumers.createConsumer(any(), any(), any(), any())).thenReturn(consumer);
        feed.start();
        await().atMost(SOON).until(() -> consumer.assignment().size() == 1);

        consumer.updatePartitions(OrderChanged.TOPIC, partitions(2));
        await().atMost(SOON).until(() -> consumer.assignment().size() == 2);

        assertThatAChangeIsTold(consumer, 0);
        assertThatAChangeIsTold(consumer, 1);
    }

    @Test
    void afterAFailureAFreshConsumerGoesOn() {
        var first = consumer(1);
        first.setPollException(new KafkaException("as a test wants it"));
        var second = consumer(1);
        when(consumers.createConsumer(any(), any(), any(), any()))
                .thenReturn(consumer(0))
                .thenReturn(first)
                .thenThrow(new KafkaException("No resolvable bootstrap urls"))
                .thenReturn(second);

        feed.start();
        await().atMost(SOON).until(() -> second.assignment().size() == 1);

        assertThat(first.closed()).isTrue();
        assertThatAChangeIsTold(second, 0);
    }

    @Test
    void aStoppedFeedClosesItsConsumerAndCanStartAgain() {
        var first = consumer(1);
        var second = consumer(1);
        when(consumers.createConsumer(any(), any(), any(), any()))
                .thenReturn(first)
                .thenReturn(second);

        feed.start();
        await().atMost(SOON).until(() -> first.assignment().size() == 1);
        feed.stop();
        await().atMost(SOON).until(first::closed);
        assertThat(feed.isRunning()).isFalse();

        feed.start();
        await().atMost(SOON).until(() -> second.assignment().size() == 1);
        assertThatAChangeIsTold(second, 0);
    }

    private void assertThatAChangeIsTold(MockConsumer<String, byte[]> consumer, int partition) {
        UUID order = UUID.randomUUID();
        String change =
                "{\"customer\":\"alice\",\"order\":{\"id\":\"" + order + "\",\"version\":2,\"status\":\"CONFIRMED\"}}";
        var record = new ConsumerRecord<>(
                OrderChanged.TOPIC, partition, 0L, order.toString(), change.getBytes(StandardCharsets.UTF_8));
        record.headers().add("ce_type", OrderChanged.TYPE.getBytes(StandardCharsets.UTF_8));
        try (var subscription = subscriptions.open(order).orElseThrow()) {
            consumer.position(new TopicPartition(OrderChanged.TOPIC, partition)); // the end, before the record
            consumer.addRecord(record);
            await().atMost(SOON).until(() -> subscription.finalOrder().isDone());
            assertThat(subscription.finalOrder().join().version()).isEqualTo(2);
        }
    }

    /** Of a topic with so many partitions, read from the end on. */
    private static MockConsumer<String, byte[]> consumer(int partitions) {
        var consumer = new MockConsumer<String, byte[]>("latest");
        consumer.updatePartitions(OrderChanged.TOPIC, partitions(partitions));
        consumer.updateEndOffsets(
                Map.of(new TopicPartition(OrderChanged.TOPIC, 0), 0L, new TopicPartition(OrderChanged.TOPIC, 1), 0L));
        return consumer;
    }

    private static List<PartitionInfo> partitions(int count) {
        return IntStream.range(0, count)
                .mapToObj(n -> new PartitionInfo(OrderChanged.TOPIC, n, Node.noNode(), new Node[0], new Node[0]))
                .toList();
    }
}

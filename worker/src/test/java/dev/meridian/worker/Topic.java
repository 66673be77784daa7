package dev.meridian.worker;

import static org.awaitility.Awaitility.await;

import dev.meridian.local.BackingServices;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads along what is written to a topic from now on. */
public class Topic implements AutoCloseable {

    private final List<ConsumerRecord<String, byte[]>> seen = new CopyOnWriteArrayList<>();
    private final KafkaConsumer<String, byte[]> consumer;

    public Topic(String name) {
        consumer = new KafkaConsumer<>(
                BackingServices.shared().kafkaAdministrator(), new StringDeserializer(), new ByteArrayDeserializer());
        List<TopicPartition> partitions = consumer.partitionsFor(name).stream()
                .map(partition -> new TopicPartition(name, partition.partition()))
                .toList();
        consumer.assign(partitions);
        consumer.seekToEnd(partitions);
        partitions.forEach(consumer::position);
    }

    /** Waits for the first record with this key. */
    public ConsumerRecord<String, byte[]> awaitFirst(String key, Duration bound) {
        List<ConsumerRecord<String, byte[]>> already = seen(key);
        if (!already.isEmpty()) {
            return already.getFirst();
        }
        return await().atMost(bound)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> with(key), found -> !found.isEmpty())
                .getFirst();
    }

    /** All records with this key so far. */
    public List<ConsumerRecord<String, byte[]>> with(String key) {
        consumer.poll(Duration.ofMillis(50)).forEach(seen::add);
        return seen(key);
    }

    private List<ConsumerRecord<String, byte[]>> seen(String key) {
        return seen.stream().filter(record -> key.equals(record.key())).toList();
    }

    public static String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        consumer.close();
    }
}

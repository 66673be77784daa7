package dev.meridian.orders.deadletters;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.stereotype.Component;

/**
 * The records that dead letters were made of. The broker copies a record's key and value only (KIP-1191), so its type
 * and its trace are to be found where it came from, as long as it is kept there.
 */
@Component
class Originals {

    private static final Logger log = LoggerFactory.getLogger(Originals.class);

    /** For all of one call: a letter is worth more than its headers, and must not wait for them. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final ConsumerFactory<String, byte[]> consumers;

    Originals(ConsumerFactory<String, byte[]> consumers) {
        this.consumers = consumers;
    }

    /** Those of the records that are found in time. */
    Map<DeadLetter.Origin, ConsumerRecord<String, byte[]>> find(Collection<DeadLetter.Origin> origins) {
        Map<DeadLetter.Origin, ConsumerRecord<String, byte[]>> found = new HashMap<>();
        if (origins.isEmpty()) {
            return found;
        }
        long end = System.nanoTime() + PATIENCE.toNanos();
        try (Consumer<String, byte[]> consumer = consumers.createConsumer(null, "originals", null, overrides())) {
            for (DeadLetter.Origin origin : origins) {
                try {
                    read(consumer, origin, end).ifPresent(record -> found.put(origin, record));
                } catch (InvalidOffsetException e) {
                    log.debug("The record of a dead letter is gone: {}", origin);
                }
            }
        } catch (KafkaException e) {
            log.warn("The headers of dead letters cannot be read: {}", e.toString());
        }
        return found;
    }

    private static Optional<ConsumerRecord<String, byte[]>> read(
            Consumer<String, byte[]> consumer, DeadLetter.Origin origin, long end) {
        var partition = new TopicPartition(origin.topic(), origin.partition());
        consumer.assign(List.of(partition));
        consumer.seek(partition, origin.offset());
        while (System.nanoTime() - end < 0) {
            for (ConsumerRecord<String, byte[]> record : consumer.poll(left(end))) {
                // The first from there on; a later one where this one is gone.
                return record.offset() == origin.offset() ? Optional.of(record) : Optional.empty();
            }
        }
        return Optional.empty();
    }

    private static Duration left(long end) {
        return Duration.ofNanos(Math.max(1, end - System.nanoTime()));
    }

    private static Properties overrides() {
        var overrides = new Properties();
        overrides.setProperty(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none"); // what is gone is not looked for
        overrides.setProperty(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "1");
        overrides.setProperty(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, "1"); // one batch at a time
        overrides.setProperty(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
        return overrides;
    }
}

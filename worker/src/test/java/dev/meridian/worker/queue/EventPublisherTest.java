package dev.meridian.worker.queue;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.meridian.worker.queue.EventPublisher.OutgoingEvent;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import tools.jackson.databind.json.JsonMapper;

class EventPublisherTest {

    /** A producer blocks for each record; all hundred together would take a minute and a half. */
    @Test
    @Timeout(30)
    void saysInTimeThatNoBrokerIsThere() {
        var factory = new DefaultKafkaProducerFactory<String, byte[]>(
                Map.of("bootstrap.servers", "127.0.0.1:1", "max.block.ms", 1_000),
                new StringSerializer(),
                new ByteArraySerializer());
        factory.setPhysicalCloseTimeout((int) Duration.ofSeconds(1).toSeconds());
        var publisher = new EventPublisher(
                new KafkaTemplate<>(factory), JsonMapper.builder().build(), Clock.systemUTC());
        List<OutgoingEvent> events = IntStream.range(0, 100)
                .mapToObj(i -> new OutgoingEvent("topic", UUID.randomUUID().toString(), "type", Map.of("i", i), null))
                .toList();
        try {
            assertThatThrownBy(() -> publisher.publish(events)).isInstanceOf(DependencyUnavailable.class);
        } finally {
            factory.destroy();
        }
    }
}

package dev.meridian.benchmarks.outbox;

import io.namastack.outbox.OutboxPayloadSerializer;
import io.namastack.outbox.handler.OutboxRecordMetadata;
import io.namastack.outbox.handler.OutboxTypedHandler;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.kafka.core.KafkaTemplate;
import tools.jackson.databind.json.JsonMapper;

/** One instance of namastack-outbox as a relay to Kafka: a process of its own, so that it can be killed. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class NamastackInstance {

    /**
     * Arguments are Spring Boot properties ({@code --name=value}) and win over these, which are what served it best
     * where its documentation leaves a choice.
     */
    public static void main(String[] args) {
        new SpringApplicationBuilder(NamastackInstance.class)
                .web(WebApplicationType.NONE)
                .properties(Map.ofEntries(
                        // The scheduler's virtual threads are daemons.
                        Map.entry("spring.main.keep-alive", true),
                        Map.entry("spring.threads.virtual.enabled", true),
                        Map.entry("spring.main.banner-mode", "off"),
                        Map.entry("spring.kafka.producer.acks", "all"),
                        Map.entry("spring.kafka.producer.properties[linger.ms]", 0),
                        Map.entry("spring.kafka.producer.properties[delivery.timeout.ms]", 10_000),
                        Map.entry("spring.kafka.producer.properties[request.timeout.ms]", 5_000),
                        Map.entry("spring.kafka.producer.properties[max.block.ms]", 5_000),
                        Map.entry("namastack.outbox.polling.trigger", "fixed"),
                        Map.entry("namastack.outbox.processing.delete-completed-records", true),
                        // The default, 3, would give a record up 14 s after Kafka went away.
                        Map.entry("namastack.outbox.retry.policy", "fixed"),
                        Map.entry("namastack.outbox.retry.max-retries", Integer.MAX_VALUE),
                        Map.entry("namastack.outbox.retry.fixed.delay", "500ms"),
                        // The defaults, 5 s, 30 s and 10 s, leave a dead instance's records lying for 40 s.
                        Map.entry("namastack.outbox.instance.heartbeat-interval", "500ms"),
                        Map.entry("namastack.outbox.instance.stale-instance-timeout", "3s"),
                        Map.entry("namastack.outbox.rebalance-interval", 1000),
                        Map.entry("namastack.outbox.multicaster.enabled", false)))
                .run(args);
    }

    @Bean
    ToKafka toKafka(KafkaTemplate<String, String> kafka) {
        return new ToKafka(kafka);
    }

    /** The payload is JSON text already. */
    @Bean
    OutboxPayloadSerializer serializer() {
        var json = JsonMapper.shared();
        return new OutboxPayloadSerializer() {
            @Override
            public String serialize(Object payload) {
                return payload instanceof String text ? text : json.writeValueAsString(payload);
            }

            @Override
            public <T> T deserialize(String serialized, Class<T> type) {
                return type == String.class ? type.cast(serialized) : json.readValue(serialized, type);
            }
        };
    }

    /** As the library's own Kafka handler does it: send, and wait for the acknowledgement. */
    static class ToKafka implements OutboxTypedHandler<String> {
        static final String ID =
                ToKafka.class.getName() + "#handle(java.lang.String," + OutboxRecordMetadata.class.getName() + ")";
        private final KafkaTemplate<String, String> kafka;

        ToKafka(KafkaTemplate<String, String> kafka) {
            this.kafka = kafka;
        }

        @Override
        public void handle(String payload, OutboxRecordMetadata metadata) {
            var separator = payload.indexOf('\n');
            var sending = new ProducerRecord<>(
                    payload.substring(0, separator), metadata.getKey(), payload.substring(separator + 1));
            sending.headers().add("ce_specversion", "1.0".getBytes(StandardCharsets.UTF_8));
            kafka.send(sending).orTimeout(15, TimeUnit.SECONDS).join();
        }
    }
}

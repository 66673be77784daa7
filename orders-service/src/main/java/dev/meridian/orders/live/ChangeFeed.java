package dev.meridian.orders.live;

import dev.meridian.orders.RetryBackOff;
import dev.meridian.orders.database.Primary;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.OrderChanged;
import dev.meridian.orders.order.OrderQueries;
import dev.meridian.orders.order.cache.SingleOrder;
import dev.meridian.orders.outbox.CloudEvents;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.dao.DataAccessException;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ContainerPostProcessor;
import org.springframework.kafka.listener.ConcurrentMessageListenerContainer;
import org.springframework.kafka.listener.ContainerProperties.AckMode;
import org.springframework.kafka.listener.ContainerProperties.AssignmentCommitOption;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads every change of every order from the moment of its start, whichever instance made it, and tells this instance's
 * subscriptions. Each instance is a consumer group of its own: one group would share the changes out among them. What
 * the feed misses while Kafka is away or late is looked up at the primary.
 */
@Component
class ChangeFeed {

    private static final Logger log = LoggerFactory.getLogger(ChangeFeed.class);

    private final Subscriptions subscriptions;
    private final Primary primary;
    private final JsonMapper json;
    private final Counter passedOver;
    private final RetryBackOff backOff = new RetryBackOff(log, "Looking up watched orders");

    ChangeFeed(Subscriptions subscriptions, Primary primary, JsonMapper json, MeterRegistry metrics) {
        this.subscriptions = subscriptions;
        this.primary = primary;
        this.json = json;
        this.passedOver = metrics.counter("meridian.records.passed.over", "topic", OrderChanged.TOPIC);
    }

    /** Without offsets the broker forgets the group soon after its instance is gone. */
    @Bean
    static ContainerPostProcessor<String, byte[], ConcurrentMessageListenerContainer<String, byte[]>> noOffsets() {
        return container -> {
            container.getContainerProperties().setAckMode(AckMode.MANUAL); // and nothing is acknowledged
            container.getContainerProperties().setAssignmentCommitOption(AssignmentCommitOption.NEVER);
        };
    }

    @KafkaListener(
            id = "live-feed",
            groupId = "orders-service.live-${random.uuid}",
            topics = OrderChanged.TOPIC,
            properties = "auto.offset.reset=latest",
            batch = "true",
            containerPostProcessor = "noOffsets")
    void tell(List<ConsumerRecord<String, byte[]>> records) {
        records.forEach(this::tell);
    }

    /** Most changes are of orders that no client watches here: these cost a look at the key. */
    private void tell(ConsumerRecord<String, byte[]> record) {
        try {
            if (!subscriptions.isAwaited(UUID.fromString(String.valueOf(record.key())))) {
                return;
            }
            if (record.value() == null || !OrderChanged.TYPE.equals(CloudEvents.type(record))) {
                throw new IllegalArgumentException("it tells of no change");
            }
            JsonNode change = json.readTree(record.value());
            JsonNode order = change.required("order");
            if (Order.Status.valueOf(order.required("status").asString()).isFinal()) {
                subscriptions.tell(new SingleOrder(
                        UUID.fromString(order.required("id").asString()),
                        change.required("customer").asString(),
                        order.required("version").asLong(),
                        order.toString(),
                        true,
                        false));
            }
        } catch (JacksonException | IllegalArgumentException e) {
            passedOver.increment();
            log.debug("Passed over {}-{}@{}", record.topic(), record.partition(), record.offset(), e);
        }
    }

    /** Fulfilment decides an order within a second as a rule, so there is rarely one to ask for. */
    @Scheduled(fixedDelayString = "${meridian.live.lookup}", initialDelayString = "${meridian.live.lookup}")
    void lookUp() {
        List<UUID> awaited = subscriptions.awaited();
        if (awaited.isEmpty()) {
            return;
        }
        try {
            for (Order order : primary.read(OrderQueries.finalAmong(awaited))) {
                subscriptions.tell(new SingleOrder(
                        order.id(), order.customer(), order.version(), json.writeValueAsString(order), true, false));
            }
            backOff.succeeded();
        } catch (DataAccessException e) {
            backOff.failed(e);
        }
    }
}

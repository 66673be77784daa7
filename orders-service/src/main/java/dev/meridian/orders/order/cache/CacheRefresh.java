package dev.meridian.orders.order.cache;

import dev.meridian.orders.order.OrderChanged;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Follows the feed of changed orders, once per datacenter, into that datacenter's cache. It stores every change, also
 * of orders that nobody has read: an entry of the new version is what turns away a reader that is about to store the
 * old one. While Redis is away the feed waits, since a Redis that comes back may still hold the old versions.
 */
@Component
class CacheRefresh {

    private static final Logger log = LoggerFactory.getLogger(CacheRefresh.class);

    private final OrderCache cache;
    private final JsonMapper json;

    CacheRefresh(OrderCache cache, JsonMapper json) {
        this.cache = cache;
        this.json = json;
    }

    @KafkaListener(
            id = "cache-refresh",
            groupId = "orders-service.cache.${meridian.datacenter}",
            topics = OrderChanged.TOPIC,
            batch = "true")
    void refresh(List<ConsumerRecord<String, byte[]>> records) {
        for (ConsumerRecord<String, byte[]> record : records) {
            try {
                JsonNode change = json.readTree(record.value());
                JsonNode order = change.required("order");
                cache.put(
                        UUID.fromString(order.required("id").asString()),
                        new OrderCache.Entry(
                                order.required("version").asLong(),
                                change.required("customer").asString(),
                                order.toString()));
            } catch (JacksonException | IllegalArgumentException e) {
                log.warn(
                        "Passed over an unreadable change at {}-{}@{}: {}",
                        record.topic(),
                        record.partition(),
                        record.offset(),
                        e.getMessage());
            }
        }
    }
}

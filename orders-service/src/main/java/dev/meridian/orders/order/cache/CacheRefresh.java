package dev.meridian.orders.order.cache;

import dev.meridian.orders.database.Position;
import dev.meridian.orders.database.Primary;
import dev.meridian.orders.order.OrderChanged;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Follows the feed of changed orders, once per datacenter, into that datacenter's cache. It stores every settled order,
 * also those that nobody has read: the entry is what turns away a reader that is about to store the old version. While
 * Redis or the primary is away the feed waits, since a Redis that comes back may still hold the old versions.
 */
@Component
class CacheRefresh {

    private static final Logger log = LoggerFactory.getLogger(CacheRefresh.class);

    /** So many orders go to Redis at once: it serves nobody else meanwhile. */
    private static final int AT_ONCE = 50;

    private final OrderCache cache;
    private final Primary primary;
    private final JsonMapper json;
    private final Counter unreadable;

    CacheRefresh(OrderCache cache, Primary primary, JsonMapper json, MeterRegistry metrics) {
        this.cache = cache;
        this.primary = primary;
        this.json = json;
        this.unreadable = Counter.builder("meridian.changes.unreadable")
                .description("Records on the topic of changed orders that were passed over")
                .register(metrics);
    }

    @KafkaListener(
            id = "cache-refresh",
            groupId = "orders-service.cache.${meridian.datacenter}",
            topics = OrderChanged.TOPIC,
            batch = "true")
    void refresh(List<ConsumerRecord<String, byte[]>> records) {
        List<OrderCache.Offer> offers = new ArrayList<>(records.size());
        for (ConsumerRecord<String, byte[]> record : records) {
            try {
                offers.add(read(record));
            } catch (JacksonException | IllegalArgumentException e) {
                unreadable.increment();
                log.warn(
                        "Passed over an unreadable change at {}-{}@{}: {}",
                        record.topic(),
                        record.partition(),
                        record.offset(),
                        e.getMessage());
            }
        }
        if (offers.isEmpty()) {
            return;
        }
        // Each was published after its commit, so what it tells is not younger than this.
        Position shown = primary.position();
        for (int from = 0; from < offers.size(); from += AT_ONCE) {
            cache.put(offers.subList(from, Math.min(offers.size(), from + AT_ONCE)).stream()
                    .map(offer -> new OrderCache.Offer(offer.id(), offer.entry().shownAt(shown), null))
                    .toList());
        }
    }

    /** @throws IllegalArgumentException for anything that is not an order's new version */
    private OrderCache.Offer read(ConsumerRecord<String, byte[]> record) {
        Header type = record.headers().lastHeader("ce_type");
        if (type == null || !OrderChanged.TYPE.equals(new String(type.value(), StandardCharsets.UTF_8))) {
            throw new IllegalArgumentException("its type is another");
        }
        if (record.value() == null) {
            throw new IllegalArgumentException("it has no value");
        }
        JsonNode change = json.readTree(record.value());
        JsonNode order = change.required("order");
        return new OrderCache.Offer(
                UUID.fromString(order.required("id").asString()),
                new OrderCache.Entry(
                        order.required("version").asLong(),
                        change.required("customer").asString(),
                        order.toString()),
                null);
    }
}

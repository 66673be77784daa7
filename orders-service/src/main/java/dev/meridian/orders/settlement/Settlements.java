package dev.meridian.orders.settlement;

import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.OrderChanged;
import dev.meridian.orders.order.Orders;
import dev.meridian.orders.outbox.Outbox;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Brings fulfilment's outcomes to the orders: a batch of them in one transaction, with the events of the changes. */
@Component
class Settlements {

    private static final Logger log = LoggerFactory.getLogger(Settlements.class);

    private final Orders orders;
    private final Outbox outbox;
    private final JsonMapper json;
    private final Counter unreadable;

    Settlements(Orders orders, Outbox outbox, JsonMapper json, MeterRegistry metrics) {
        this.orders = orders;
        this.outbox = outbox;
        this.json = json;
        this.unreadable = Counter.builder("meridian.outcomes.unreadable")
                .description("Records on the outcomes topic that were passed over")
                .register(metrics);
    }

    /**
     * The offsets are committed after the transaction: an instance that dies in between leaves outcomes that come
     * again and change nothing.
     */
    @KafkaListener(id = "outcomes", groupId = "orders-service.outcomes", topics = "fulfilment.outcomes", batch = "true")
    @Transactional
    public void apply(List<ConsumerRecord<String, byte[]>> records) {
        Map<UUID, Orders.Settlement> settlements = new LinkedHashMap<>();
        Map<UUID, @Nullable String> traces = new HashMap<>();
        for (ConsumerRecord<String, byte[]> record : records) {
            Outcome outcome = read(record);
            if (outcome != null) {
                settlements.putIfAbsent(outcome.orderId(), outcome.settlement());
                traces.putIfAbsent(outcome.orderId(), header(record, "traceparent"));
            }
        }
        if (settlements.isEmpty()) {
            return;
        }
        List<Order> changed = orders.settle(settlements.values());
        if (changed.isEmpty()) {
            return;
        }
        List<Outbox.Event> events = new ArrayList<>(changed.size());
        for (Order order : changed) {
            events.add(new Outbox.Event(
                    order.id(),
                    OrderChanged.TOPIC,
                    OrderChanged.TYPE,
                    json.writeValueAsString(new OrderChanged(order.customer(), order)),
                    traces.get(order.id())));
        }
        outbox.append(events);
    }

    private @Nullable Outcome read(ConsumerRecord<String, byte[]> record) {
        String type = header(record, "ce_type");
        try {
            if (Outcome.TYPE.equals(type)) {
                return json.readValue(record.value(), Outcome.class);
            }
            log.warn(
                    "Passed over a record of type {} at {}-{}@{}",
                    type,
                    record.topic(),
                    record.partition(),
                    record.offset());
        } catch (JacksonException | IllegalArgumentException e) {
            log.warn(
                    "Passed over an unreadable outcome at {}-{}@{}: {}",
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    e.getMessage());
        }
        unreadable.increment();
        return null;
    }

    private static @Nullable String header(ConsumerRecord<String, byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }
}

package dev.meridian.orders.settlement;

import dev.meridian.orders.RetryBackOff;
import dev.meridian.orders.deadletters.DeadLetters;
import dev.meridian.orders.deadletters.IncomingEvents;
import dev.meridian.orders.deadletters.UnreadableRecord;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.OrderChanged;
import dev.meridian.orders.order.Orders;
import dev.meridian.orders.outbox.CloudEvents;
import dev.meridian.orders.outbox.EventPublisher;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Settles orders by fulfilment's outcomes, many at a time: one statement that commits, then the orders' new versions to
 * Kafka, and only then the offsets. An instance that dies in between leaves outcomes that come again; their orders are
 * final by then and are told again.
 */
@Component
class Settlements {

    private static final Logger log = LoggerFactory.getLogger(Settlements.class);

    private final Orders orders;
    private final IncomingEvents events;
    private final DeadLetters deadLetters;
    private final EventPublisher publisher;
    private final JsonMapper json;
    private final Clock clock;
    private final RetryBackOff backOff = new RetryBackOff(log, "Settling orders");

    Settlements(
            Orders orders,
            IncomingEvents events,
            DeadLetters deadLetters,
            EventPublisher publisher,
            JsonMapper json,
            Clock clock) {
        this.orders = orders;
        this.events = events;
        this.deadLetters = deadLetters;
        this.publisher = publisher;
        this.json = json;
        this.clock = clock;
    }

    private record Received(ConsumerRecord<String, byte[]> record, Outcome outcome) {

        UnreadableRecord unreadable(String reason) {
            return new UnreadableRecord(record, reason);
        }
    }

    private record Settled(Order order, @Nullable String traceparent) {}

    @KafkaListener(id = "outcomes", groupId = "orders-service.outcomes", topics = "fulfilment.outcomes", batch = "true")
    void apply(List<ConsumerRecord<String, byte[]>> records) {
        try {
            List<Received> outcomes = new ArrayList<>(records.size());
            List<UnreadableRecord> unreadable = new ArrayList<>();
            for (ConsumerRecord<String, byte[]> record : records) {
                Outcome outcome = events.read(record, Outcome.TYPE, Outcome.class, unreadable::add);
                if (outcome != null) {
                    outcomes.add(new Received(record, outcome));
                }
            }
            Map<UUID, Settled> settled = new LinkedHashMap<>();
            IncomingEvents.inHalves(
                    outcomes,
                    some -> settle(some, settled, unreadable),
                    (guilty, reason) -> unreadable.add(guilty.unreadable(reason)));
            deadLetters.setAside(unreadable);
            publisher.publish(List.copyOf(settled.values()), this::changed).orThrow();
            backOff.succeeded();
        } catch (RuntimeException e) {
            backOff.failed(e);
            throw e;
        }
    }

    /** Of several outcomes of an order the first stands. */
    private void settle(List<Received> batch, Map<UUID, Settled> settled, List<UnreadableRecord> unreadable) {
        Map<UUID, Orders.Settlement> first = new LinkedHashMap<>();
        batch.forEach(received -> first.putIfAbsent(received.outcome.orderId(), received.outcome.settlement()));
        Map<UUID, Order> found = new LinkedHashMap<>();
        orders.settle(first.values()).forEach(order -> found.put(order.id(), order));
        List<Received> overtaken = new ArrayList<>();
        for (Received received : batch) {
            Order order = found.get(received.outcome.orderId());
            if (order == null) {
                unreadable.add(received.unreadable("There is no order " + received.outcome.orderId()));
            } else if (order.status() == Order.Status.PLACED) {
                overtaken.add(received);
            } else if (received.outcome.isOf(order)) {
                settled.putIfAbsent(order.id(), new Settled(order, CloudEvents.traceparent(received.record)));
            } else if (order.status() != Order.Status.CANCELLED) { // a cancellation came first, and told so itself
                unreadable.add(received.unreadable("The order is " + order.status() + " by an earlier outcome"));
            }
        }
        if (!overtaken.isEmpty()) {
            settle(overtaken, settled, unreadable);
        }
    }

    private ProducerRecord<String, String> changed(Settled settled) {
        Order order = settled.order;
        return CloudEvents.message(
                "orders-" + order.id() + "-" + order.version(),
                order.id(),
                OrderChanged.TOPIC,
                OrderChanged.TYPE,
                json.writeValueAsString(new OrderChanged(order.customer(), order)),
                settled.traceparent,
                clock.instant());
    }
}

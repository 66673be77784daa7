package dev.meridian.orders.settlement;

import dev.meridian.orders.deadletters.DeadLetters;
import dev.meridian.orders.deadletters.IncomingEvents;
import dev.meridian.orders.deadletters.IncomingEvents.Received;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.OrderChanged;
import dev.meridian.orders.order.Orders;
import dev.meridian.orders.outbox.CloudEvents;
import dev.meridian.orders.outbox.EventPublisher;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
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

    private final Orders orders;
    private final IncomingEvents events;
    private final DeadLetters deadLetters;
    private final EventPublisher publisher;
    private final JsonMapper json;
    private final Clock clock;

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

    private record Settled(Order order, @Nullable String traceparent) {}

    @KafkaListener(id = "outcomes", groupId = "orders-service.outcomes", topics = "fulfilment.outcomes", batch = "true")
    void apply(List<ConsumerRecord<String, byte[]>> records) {
        events.handle(records, Outcome.TYPE, Outcome.class, this::settle);
    }

    /** Of several outcomes of an order the first stands. */
    private void settle(List<Received<Outcome>> batch) {
        Map<UUID, Orders.Settlement> first = new LinkedHashMap<>();
        for (Received<Outcome> received : batch) {
            Outcome outcome = received.event();
            first.putIfAbsent(
                    outcome.orderId(), new Orders.Settlement(outcome.orderId(), outcome.outcome(), outcome.reason()));
        }
        Map<UUID, Order> found = new HashMap<>();
        orders.settle(List.copyOf(first.values())).forEach(order -> found.put(order.id(), order));
        Map<UUID, Settled> settled = new LinkedHashMap<>();
        List<Received<Outcome>> overtaken = new ArrayList<>();
        for (Received<Outcome> received : batch) {
            Outcome outcome = received.event();
            Order order = found.get(outcome.orderId());
            if (order == null) {
                deadLetters.setAside(received.record(), "There is no order " + outcome.orderId());
            } else if (order.status() == Order.Status.PLACED) {
                overtaken.add(received);
            } else if (outcome.isOf(order)) {
                settled.putIfAbsent(order.id(), new Settled(order, CloudEvents.traceparent(received.record())));
            } else if (order.status() != Order.Status.CANCELLED) { // a cancellation came first, and told so itself
                deadLetters.setAside(received.record(), "The order is " + order.status() + " by an earlier outcome");
            }
        }
        publisher.publish(List.copyOf(settled.values()), this::changed).orThrow();
        if (!overtaken.isEmpty()) {
            settle(overtaken);
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

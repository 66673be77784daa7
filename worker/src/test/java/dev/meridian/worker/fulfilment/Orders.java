package dev.meridian.worker.fulfilment;

import static org.mockito.Mockito.mock;

import dev.meridian.worker.fulfilment.OrderPlaced.Line;
import dev.meridian.worker.fulfilment.Outcomes.Outcome;
import dev.meridian.worker.payment.Money;
import dev.meridian.worker.queue.EventBatchHandler.OrderEvent;
import dev.meridian.worker.queue.EventBatchHandler.Received;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/** Orders that tests place. */
final class Orders {

    private Orders() {}

    static OrderPlaced order(String token, Line... lines) {
        return new OrderPlaced(
                UUID.randomUUID(),
                "alice",
                Instant.parse("2026-01-01T00:00:00Z"),
                List.of(lines),
                new Money(new BigDecimal("24.00"), "EUR"),
                token);
    }

    /** By the customer of that order, a minute later. */
    static OrderCancelled cancellation(OrderPlaced order) {
        return new OrderCancelled(
                order.orderId(), order.customer(), order.placedAt().plusSeconds(60));
    }

    static Line line(String sku, int quantity) {
        return new Line(sku, quantity);
    }

    /** Outcomes that go nowhere else. */
    static Outcomes telling(Consumer<List<Outcome>> told) {
        return new Outcomes(mock()) {
            @Override
            void publish(List<Outcome> outcomes) {
                told.accept(outcomes);
            }
        };
    }

    @SafeVarargs
    static <E extends OrderEvent> List<Received<E>> batch(E... events) {
        return batch(List.of(events));
    }

    static <E extends OrderEvent> List<Received<E>> batch(List<E> events) {
        return events.stream().map(event -> new Received<>(event, null)).toList();
    }
}

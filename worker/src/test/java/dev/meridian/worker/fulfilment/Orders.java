package dev.meridian.worker.fulfilment;

import static org.mockito.ArgumentMatchers.anyList;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.withSettings;

import dev.meridian.worker.fulfilment.Fulfilment.Decided;
import dev.meridian.worker.fulfilment.OrderPlaced.Line;
import dev.meridian.worker.payment.Money;
import dev.meridian.worker.queue.EventBatchHandler.OrderEvent;
import dev.meridian.worker.queue.EventBatchHandler.Received;
import dev.meridian.worker.queue.EventPublisher;
import dev.meridian.worker.queue.EventPublisher.OutgoingEvent;
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

    /** Outcomes go nowhere else. */
    static EventPublisher telling(Consumer<List<Decided>> told) {
        EventPublisher publisher = mock(withSettings().stubOnly());
        doAnswer(call -> {
                    List<OutgoingEvent> events = call.getArgument(0);
                    told.accept(events.stream()
                            .map(event -> (Decided) event.value())
                            .toList());
                    return null;
                })
                .when(publisher)
                .publish(anyList());
        return publisher;
    }

    @SafeVarargs
    static <E extends OrderEvent> List<Received<E>> batch(E... events) {
        return batch(List.of(events));
    }

    static <E extends OrderEvent> List<Received<E>> batch(List<E> events) {
        return events.stream().map(event -> new Received<>(event, null)).toList();
    }
}

package dev.meridian.orders.order;

import dev.meridian.orders.outbox.Outbox;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/** The queue's events, made again from the orders' rows. */
@Component
public class OrderEvents {

    /** The queue's topics. */
    public static final Set<String> QUEUE = Set.of(OrderPlaced.TOPIC, OrderCancelled.TOPIC);

    private final Orders orders;
    private final Outbox outbox;
    private final JsonMapper json;
    private final Clock clock;

    OrderEvents(Orders orders, Outbox outbox, JsonMapper json, Clock clock) {
        this.orders = orders;
        this.outbox = outbox;
        this.json = json;
        this.clock = clock;
    }

    /**
     * The order's event for one of the {@link #QUEUE}'s topics, as the primary knows the order. A cancellation bears the
     * time at which it is told again.
     *
     * @return nothing where there is no such order, or where it is not cancelled and the topic tells that it is
     */
    @Transactional
    public Optional<Outbox.Event> again(String topic, UUID orderId) {
        Optional<Orders.Payable> found = orders.findPayable(orderId);
        if (topic.equals(OrderPlaced.TOPIC)) {
            return found.map(payable -> placed(payable.order(), payable.paymentToken()));
        }
        return found.map(Orders.Payable::order)
                .filter(known -> known.status() == Order.Status.CANCELLED)
                .map(known -> new Outbox.Event(
                        orderId,
                        OrderCancelled.TOPIC,
                        OrderCancelled.TYPE,
                        json.writeValueAsString(new OrderCancelled(
                                orderId, known.customer(), clock.instant().truncatedTo(ChronoUnit.MILLIS)))));
    }

    Outbox.Event placed(Order order, String paymentToken) {
        return new Outbox.Event(
                order.id(),
                OrderPlaced.TOPIC,
                OrderPlaced.TYPE,
                json.writeValueAsString(OrderPlaced.of(order, paymentToken)));
    }
}

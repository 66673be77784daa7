package dev.meridian.orders.order;

import com.github.f4b6a3.uuid.UuidCreator;
import dev.meridian.orders.catalogue.Catalogue;
import dev.meridian.orders.catalogue.Product;
import dev.meridian.orders.outbox.Outbox;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/** Where orders are taken, and taken back. */
@Service
public class OrderDesk {

    private final Catalogue catalogue;
    private final Orders orders;
    private final Outbox outbox;
    private final JsonMapper json;
    private final Clock clock;

    OrderDesk(Catalogue catalogue, Orders orders, Outbox outbox, JsonMapper json, Clock clock) {
        this.catalogue = catalogue;
        this.orders = orders;
        this.outbox = outbox;
        this.json = json;
        this.clock = clock;
    }

    /** Prices the lines and writes the order and its event in one transaction. */
    @Transactional
    public Placement place(String customer, PlaceOrder request) {
        List<Order.Line> lines = new ArrayList<>(request.lines().size());
        for (PlaceOrder.RequestedLine line : request.lines()) {
            Optional<Product> product = catalogue.find(line.sku());
            if (product.isEmpty()) {
                return new Placement.UnknownSku(line.sku());
            }
            lines.add(new Order.Line(
                    line.sku(),
                    product.get().name(),
                    line.quantity(),
                    product.get().price()));
        }
        Order order = Order.placed(UuidCreator.getTimeOrderedEpoch(), customer, now(), lines);
        orders.insert(order, request.paymentToken());
        outbox.append(List.of(
                event(order, OrderPlaced.TOPIC, OrderPlaced.TYPE, OrderPlaced.of(order, request.paymentToken()))));
        return new Placement.Placed(order);
    }

    /**
     * Cancels an order that fulfilment has not decided yet, and tells so, in one transaction. Whoever comes first wins,
     * a cancellation or an outcome. A repetition finds the order cancelled, and that is all it asked for, so it succeeds
     * whatever version it names.
     *
     * @param versions the versions at which the caller wants to cancel it; null for any
     */
    @Transactional
    public Cancellation cancel(String customer, UUID id, @Nullable List<Long> versions) {
        Optional<Order> cancelled = orders.cancel(id, customer, versions);
        if (cancelled.isPresent()) {
            Order order = cancelled.get();
            outbox.append(List.of(
                    event(order, OrderCancelled.TOPIC, OrderCancelled.TYPE, new OrderCancelled(id, customer, now())),
                    event(order, OrderChanged.TOPIC, OrderChanged.TYPE, new OrderChanged(customer, order))));
            return new Cancellation.Cancelled(order);
        }
        Optional<Order> found = orders.findForAnswer(id, customer);
        if (found.isEmpty()) {
            return new Cancellation.NoSuchOrder();
        }
        return switch (found.get().status()) {
            case PLACED -> new Cancellation.OtherVersion(found.get().version());
            case CONFIRMED, REJECTED -> new Cancellation.Settled(found.get().status());
            case CANCELLED -> new Cancellation.Cancelled(found.get());
        };
    }

    private Outbox.Event event(Order order, String topic, String type, Object payload) {
        return new Outbox.Event(order.id(), topic, type, json.writeValueAsString(payload), outbox.currentTrace());
    }

    /** PostgreSQL keeps microseconds; what is stored and what is shown are the same instant. */
    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }
}

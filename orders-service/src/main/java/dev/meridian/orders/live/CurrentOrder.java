package dev.meridian.orders.live;

import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.Orders;
import java.util.Optional;
import java.util.UUID;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/** An order's state with which a stream begins. */
@Component
public class CurrentOrder {

    private final Orders orders;
    private final JsonMapper json;

    CurrentOrder(Orders orders, JsonMapper json) {
        this.orders = orders;
        this.json = json;
    }

    /**
     * From the primary, since a change that the feed has told of already is surely there; neither a replica nor the
     * cache promises that, and a watcher who read an older state there would wait for a change that has passed.
     */
    @Transactional
    public Optional<OrderVersion> find(UUID id) {
        return orders.find(id)
                .map(order -> new OrderVersion(
                        id,
                        order.version(),
                        order.status() != Order.Status.PLACED,
                        order.customer(),
                        json.writeValueAsString(order)));
    }
}

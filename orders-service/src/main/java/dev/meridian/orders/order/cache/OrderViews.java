package dev.meridian.orders.order.cache;

import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.Orders;
import java.util.Optional;
import java.util.UUID;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Orders as they are shown: from the cache, else from the database. Whatever is shown is put into the cache before, so
 * that nobody is shown less afterwards.
 */
@Component
public class OrderViews {

    private final Orders orders;
    private final OrderCache cache;
    private final JsonMapper json;

    OrderViews(Orders orders, OrderCache cache, JsonMapper json) {
        this.orders = orders;
        this.cache = cache;
        this.json = json;
    }

    /**
     * The order's current state; nothing where there is no such order.
     *
     * @throws org.springframework.dao.DataAccessException where it is not cached and the database does not answer
     */
    public Optional<OrderCache.Entry> find(UUID id) {
        Optional<OrderCache.Entry> cached = cache.find(id);
        return cached.isPresent() ? cached : orders.find(id).map(this::show);
    }

    /** To be called before a state that came another way is shown. Does nothing where Redis does not answer. */
    public void offer(UUID id, OrderCache.Entry entry) {
        cache.offer(id, entry);
    }

    private OrderCache.Entry show(Order order) {
        OrderCache.Entry entry =
                new OrderCache.Entry(order.version(), order.customer(), json.writeValueAsString(order));
        cache.offer(order.id(), entry);
        return entry;
    }
}

package dev.meridian.orders.live;

import dev.meridian.orders.order.cache.CachedOrders;
import java.util.Optional;
import java.util.UUID;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.stereotype.Component;

/** An order's state with which a stream begins. */
@Component
public class CurrentOrder {

    private final CachedOrders orders;

    CurrentOrder(CachedOrders orders) {
        this.orders = orders;
    }

    /**
     * The order's newest version, so that a change that the feed has told of already is surely in it: a subscriber who
     * read an older state would wait for a change that has passed.
     *
     * @throws DataAccessResourceFailureException where only an old version can be read
     */
    public Optional<OrderVersion> find(UUID id) {
        return orders.find(id).map(order -> {
            if (order.isStale()) {
                throw new DataAccessResourceFailureException("The primary is away, and the replica may be behind");
            }
            return new OrderVersion(id, order.version(), order.isFinal(), order.customer(), order.json());
        });
    }
}

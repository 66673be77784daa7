package dev.meridian.orders.order.cache;

import dev.meridian.orders.database.Horizon;
import dev.meridian.orders.database.Position;
import dev.meridian.orders.database.Primary;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.Orders;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Orders as they are shown: from the cache, else from a database. Whatever is shown is put into the cache before, so that
 * nobody is shown less afterwards; and where the work has a {@link Horizon}, nothing from before it is shown.
 */
@Component
public class OrderViews {

    private static final Logger log = LoggerFactory.getLogger(OrderViews.class);

    private final Orders orders;
    private final OrderCache cache;
    private final Primary primary;
    private final JsonMapper json;
    private final Loads loads = new Loads(this::load);
    private final Counter loaded;

    OrderViews(Orders orders, OrderCache cache, Primary primary, JsonMapper json, MeterRegistry metrics) {
        this.orders = orders;
        this.cache = cache;
        this.primary = primary;
        this.json = json;
        this.loaded = Counter.builder("meridian.orders.loads")
                .description("Single orders that were read from a database")
                .register(metrics);
    }

    /**
     * The order's current state; nothing where there is no such order, which only the primary can tell. Not to be called
     * within a transaction.
     *
     * @throws DataAccessException where it is not cached and no database answers that may
     */
    public Optional<OrderCache.Entry> find(UUID id) {
        Position required = Horizon.required();
        Optional<OrderCache.Entry> found =
                switch (cache.find(id)) {
                    case OrderCache.Lookup.Hit(OrderCache.Entry entry)
                    when entry.answers(required) -> Optional.of(entry);
                    case OrderCache.Lookup.Hit(OrderCache.Entry behind) -> loads.load(id, required, null);
                    case OrderCache.Lookup.Miss(String lease) -> loads.load(id, required, lease);
                    case OrderCache.Lookup.Unknown() -> loads.load(id, required, null);
                };
        found.ifPresent(entry -> Horizon.show(entry.shown()));
        return found;
    }

    /** As {@link Orders#page}; what the cache knows better is shown as the cache has it. */
    public List<Order> page(String customer, @Nullable UUID before, int limit) {
        Horizon horizon = Horizon.at(Horizon.required());
        List<Order> page = horizon.get(() -> orders.page(customer, before, limit));
        List<Optional<OrderCache.Entry>> newer = cache.offer(page.stream()
                .map(order -> new OrderCache.Offer(order.id(), entry(order, horizon), null))
                .toList());
        Horizon.show(horizon.seen().orElse(null));
        List<Order> shown = new ArrayList<>(page.size());
        for (int i = 0; i < page.size(); i++) {
            shown.add(newer.get(i).flatMap(this::read).orElse(page.get(i)));
        }
        return shown;
    }

    /** Nothing for one that an instance of a later time has stored, in words that are not known here. */
    private Optional<Order> read(OrderCache.Entry newer) {
        try {
            Order order = json.readValue(newer.json(), Order.class);
            Horizon.show(newer.shown());
            return Optional.of(order);
        } catch (JacksonException e) {
            return Optional.empty();
        }
    }

    /** To be called before a state that came another way is shown. Does nothing where Redis does not answer. */
    public void offer(UUID id, OrderCache.Entry entry) {
        cache.offer(List.of(new OrderCache.Offer(id, located(entry), null)));
    }

    private OrderCache.Entry located(OrderCache.Entry entry) {
        if (entry.shown() != null) {
            return entry;
        }
        try {
            return entry.shownAt(primary.position());
        } catch (DataAccessException e) {
            log.warn("An order is shown without its position: {}", e.getMessage());
            return entry;
        }
    }

    private Optional<OrderCache.Entry> load(UUID id, @Nullable Position required, @Nullable String lease) {
        loaded.increment();
        Horizon horizon = Horizon.at(required);
        Optional<Order> order = horizon.get(() -> orders.find(id));
        if (order.isEmpty() && horizon.fromReplica()) {
            horizon = Horizon.now(required);
            order = horizon.get(() -> orders.find(id));
        }
        if (order.isEmpty()) {
            return Optional.empty();
        }
        OrderCache.Entry entry = entry(order.get(), horizon);
        Optional<OrderCache.Entry> newer =
                cache.offer(List.of(new OrderCache.Offer(id, entry, lease))).getFirst();
        return Optional.of(newer.orElse(entry));
    }

    private OrderCache.Entry entry(Order order, Horizon horizon) {
        return new OrderCache.Entry(
                order.version(),
                order.customer(),
                json.writeValueAsString(order),
                order.status() != Order.Status.PLACED,
                horizon.covered().orElse(null),
                horizon.seen().orElse(null));
    }
}

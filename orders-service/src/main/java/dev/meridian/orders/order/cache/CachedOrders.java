package dev.meridian.orders.order.cache;

import dev.meridian.orders.database.Primary;
import dev.meridian.orders.database.Replica;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.OrderQueries;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Orders as they are shown. A final order never changes again, so it may come from the cache or the replica; an open one
 * comes from the primary. Not to be called within a transaction. See docs/adr/0008-reads.md.
 */
@Component
public class CachedOrders {

    private final OrderCache cache;
    private final Replica replica;
    private final Primary primary;
    private final JsonMapper json;

    CachedOrders(OrderCache cache, Replica replica, Primary primary, JsonMapper json) {
        this.cache = cache;
        this.replica = replica;
        this.primary = primary;
        this.json = json;
    }

    /**
     * Some of a customer's orders, newest first.
     *
     * @param isStale whether it may lack orders, or changes of them, that are on a primary that did not answer
     */
    public record Page(List<Order> orders, boolean isStale) {}

    /**
     * The order's newest version; while the primary is away, the replica's. Nothing where there is no such order, which
     * only the primary can tell.
     *
     * @throws DataAccessResourceFailureException where the primary is away and the replica does not have the order
     */
    public Optional<SingleOrder> find(UUID id) {
        Optional<SingleOrder> cached = cache.find(id);
        if (cached.isPresent()) {
            return cached;
        }
        Optional<Order> replicated = replica.read(OrderQueries.byId(id)).flatMap(Function.identity());
        if (replicated.map(order -> order.status().isFinal()).orElse(false)) {
            return replicated.map(order -> shown(order, false));
        }
        try {
            return primary.read(OrderQueries.byId(id)).map(order -> shown(order, false));
        } catch (DataAccessResourceFailureException e) {
            return Optional.of(replicated
                    .or(() -> replica.readHoweverOld(OrderQueries.byId(id)).flatMap(Function.identity()))
                    .map(order -> shown(order, true))
                    .orElseThrow(() -> e));
        }
    }

    private SingleOrder shown(Order order, boolean primaryIsAway) {
        boolean isFinal = order.status().isFinal();
        var shown = new SingleOrder(
                order.id(),
                order.customer(),
                order.version(),
                json.writeValueAsString(order),
                isFinal,
                primaryIsAway && !isFinal);
        if (isFinal) {
            cache.store(shown);
        }
        return shown;
    }

    /**
     * A customer's orders at their newest versions, newest first; while the primary is away, as the replica has them.
     *
     * @param before only orders placed before this one; null for the newest
     * @param limit at most so many
     * @param seen orders of this customer that must not be missing
     * @throws DataAccessResourceFailureException where neither database answers
     */
    public Page page(String customer, @Nullable UUID before, int limit, Collection<UUID> seen) {
        // Empty where the replica lacks one of those, or where there is nothing to show, which the primary may tell.
        Optional<List<Order>> replicated = replica.read(OrderQueries.page(customer, before, limit, seen))
                .filter(page -> !page.isEmpty() || seen.isEmpty());
        try {
            return new Page(
                    replicated.isPresent()
                            ? withNewestOfOpen(replicated.get())
                            : primary.read(OrderQueries.page(customer, before, limit, List.of())),
                    false);
        } catch (DataAccessResourceFailureException e) {
            return replicated
                    .or(() -> replica.readHoweverOld(OrderQueries.page(customer, before, limit, List.of())))
                    .map(page -> new Page(page, true))
                    .orElseThrow(() -> e);
        }
    }

    private List<Order> withNewestOfOpen(List<Order> page) {
        List<UUID> open = page.stream()
                .filter(order -> !order.status().isFinal())
                .map(Order::id)
                .toList();
        if (open.isEmpty()) {
            return page;
        }
        Map<UUID, Order> newest = primary.read(OrderQueries.byIds(open)).stream()
                .collect(Collectors.toMap(Order::id, Function.identity()));
        return page.stream()
                .map(order -> newest.getOrDefault(order.id(), order))
                .toList();
    }
}

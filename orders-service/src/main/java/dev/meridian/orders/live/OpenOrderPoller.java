package dev.meridian.orders.live;

import dev.meridian.orders.RetryBackOff;
import dev.meridian.orders.database.Primary;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.OrderQueries;
import dev.meridian.orders.order.cache.SingleOrder;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Looks up the open orders that are watched at the primary, which makes up for what the feed misses while Kafka is away
 * or late. Fulfilment decides an order within a second as a rule, so there is rarely one to ask for.
 */
@Component
class OpenOrderPoller {

    private static final Logger log = LoggerFactory.getLogger(OpenOrderPoller.class);

    private final Subscriptions subscriptions;
    private final Primary primary;
    private final JsonMapper json;
    private final RetryBackOff backOff = new RetryBackOff(log, "Looking up watched orders");

    OpenOrderPoller(Subscriptions subscriptions, Primary primary, JsonMapper json) {
        this.subscriptions = subscriptions;
        this.primary = primary;
        this.json = json;
    }

    @Scheduled(fixedDelayString = "${meridian.live.lookup}", initialDelayString = "${meridian.live.lookup}")
    void poll() {
        List<UUID> awaited = subscriptions.awaited();
        if (awaited.isEmpty()) {
            return;
        }
        try {
            for (Order order : primary.read(OrderQueries.finalAmong(awaited))) {
                subscriptions.tell(new SingleOrder(
                        order.id(), order.customer(), order.version(), json.writeValueAsString(order), true, false));
            }
            backOff.succeeded();
        } catch (DataAccessException e) {
            backOff.failed(e);
        }
    }
}

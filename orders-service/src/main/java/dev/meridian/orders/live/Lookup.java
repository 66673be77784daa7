package dev.meridian.orders.live;

import dev.meridian.orders.RetryBackOff;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.Orders;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the feed may miss: while Kafka is away or late, the watched orders that are still placed are looked up in the
 * database. An order is decided within a second as a rule, so there is rarely one to ask for.
 */
@Component
class Lookup {

    private static final Logger log = LoggerFactory.getLogger(Lookup.class);

    /** Whatever else has changed is found in the next round. */
    private static final int AT_ONCE = 500;

    private final Watchers watchers;
    private final Orders orders;
    private final JsonMapper json;
    private final RetryBackOff backOff = new RetryBackOff(log, "Looking up watched orders");

    Lookup(Watchers watchers, Orders orders, JsonMapper json) {
        this.watchers = watchers;
        this.orders = orders;
        this.json = json;
    }

    @Scheduled(fixedDelayString = "${meridian.live.lookup}", initialDelayString = "${meridian.live.lookup}")
    synchronized void run() {
        List<UUID> unsettled = watchers.unsettled();
        if (unsettled.isEmpty()) {
            return;
        }
        try {
            for (Order order : orders.settledAmong(unsettled, AT_ONCE)) {
                watchers.tell(new OrderVersion(
                        order.id(), order.version(), true, order.customer(), json.writeValueAsString(order)));
            }
            backOff.succeeded();
        } catch (DataAccessException | TransactionException e) {
            backOff.failed(e);
        }
    }
}

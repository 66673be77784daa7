package dev.meridian.orders.order.cache;

import java.util.UUID;

/**
 * An order as it is shown.
 *
 * @param customer who may see it
 * @param json the order in the words of the API
 * @param isFinal whether it never changes again
 * @param isStale whether there may be a newer version, on a primary that did not answer; never for a final order
 */
public record SingleOrder(UUID id, String customer, long version, String json, boolean isFinal, boolean isStale) {

    public SingleOrder {
        if (isFinal && isStale) {
            throw new IllegalArgumentException("A final order has no newer version");
        }
    }
}

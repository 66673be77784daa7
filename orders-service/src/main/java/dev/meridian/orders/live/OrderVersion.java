package dev.meridian.orders.live;

import java.util.UUID;

/**
 * One version of an order, as its customer sees it.
 *
 * @param settled whether it is the last one: nothing follows it
 * @param json the order in the words of the API
 */
public record OrderVersion(UUID orderId, long number, boolean settled, String customer, String json) {}

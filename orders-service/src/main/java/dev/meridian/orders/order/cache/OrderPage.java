package dev.meridian.orders.order.cache;

import dev.meridian.orders.order.Order;
import java.util.List;

/**
 * Some of a customer's orders, newest first.
 *
 * @param isStale whether it may lack orders, or changes of them, that are on a primary that did not answer
 */
public record OrderPage(List<Order> orders, boolean isStale) {

    public OrderPage {
        orders = List.copyOf(orders);
    }
}

package dev.meridian.orders.order;

import org.jspecify.annotations.Nullable;

/**
 * An order that is about to be written, with all that is written with it.
 *
 * @param key its customer's name for the request; one order at most has it
 * @param requestHash the SHA-256 of the request
 * @param event the payload of {@link OrderPlaced}, as JSON
 * @param traceparent the W3C trace context of the request; null where there is none
 */
record NewOrder(
        Order order,
        String paymentToken,
        String key,
        byte[] requestHash,
        String event,
        @Nullable String traceparent) {}

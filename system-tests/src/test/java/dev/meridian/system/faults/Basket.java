package dev.meridian.system.faults;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a customer wants to order.
 *
 * @param paymentToken tells the payment provider how to behave
 * @param lines how many of each SKU
 */
record Basket(String paymentToken, Map<String, Integer> lines) {

    Basket {
        lines = Map.copyOf(lines);
        if (lines.isEmpty()) {
            throw new IllegalArgumentException("A basket has at least one line");
        }
    }

    /** The body of the request; the same for equal baskets. */
    String json() {
        return new TreeMap<>(lines)
                .entrySet().stream()
                        .map(line -> """
                                {"sku":"%s","quantity":%d}""".formatted(line.getKey(), line.getValue()))
                        .collect(Collectors.joining(
                                ",", "{\"lines\":[", "],\"paymentToken\":\"" + paymentToken + "\"}"));
    }

    /** Another basket than this one. */
    Basket withOneMore() {
        Map<String, Integer> more = new TreeMap<>(lines);
        more.merge(lines.keySet().iterator().next(), 1, Integer::sum);
        return new Basket(paymentToken, more);
    }
}

package dev.meridian.system.faults;

import dev.meridian.system.faults.Call.State;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * What the databases and the broker say once everything has settled; orders of the run's customers only, stock and
 * backlog of the whole system.
 *
 * @param orders from the orders database
 * @param fulfilments the worker's own word about each order: the name of its status
 * @param reservations what each order holds of which SKU
 * @param payments what the provider's book says
 * @param stockBefore of each SKU, what was available and what was reserved, together, before the run
 * @param stockAfter the same after the run
 * @param backlog what still waits somewhere, by the place's name
 * @param deadLetters orders whose events the queue gave up
 */
record Ledger(
        Map<UUID, StoredOrder> orders,
        Map<UUID, String> fulfilments,
        Map<UUID, Map<String, Integer>> reservations,
        Map<UUID, Payment> payments,
        Map<String, Long> stockBefore,
        Map<String, Long> stockAfter,
        Map<String, Long> backlog,
        List<UUID> deadLetters) {

    record StoredOrder(
            UUID id,
            String customer,
            State state,
            long version,
            BigDecimal total,
            String paymentToken,
            Map<String, Integer> lines) {}

    /** @param charged whether the customer's money is taken; false after a refund */
    record Payment(BigDecimal amount, boolean charged) {}
}

package dev.meridian.orders.order;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import dev.meridian.orders.Money;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An order as its customer sees it, at one version.
 *
 * @param id sorts by the time of placing (UUID version 7, RFC 9562)
 * @param customer the subject of the token that placed it; never shown
 * @param version counts the changes of state, from 1
 * @param total what the lines cost together, at the prices of the moment of placing
 * @param reason why it was rejected; only then
 */
public record Order(
        UUID id,

        @JsonIgnore String customer,
        Status status,
        long version,
        Instant placedAt,
        List<Line> lines,
        Money total,

        @Nullable @JsonInclude(JsonInclude.Include.NON_NULL) Reason reason) {

    public enum Status {
        PLACED,
        CONFIRMED,
        REJECTED,
        CANCELLED;

        /** Whether the order is open no more, and never changes again. */
        public boolean isFinal() {
            return this != PLACED;
        }
    }

    public enum Reason {
        OUT_OF_STOCK,
        PAYMENT_DECLINED
    }

    public record Line(String sku, String name, int quantity, Money unitPrice) {

        Money total() {
            return unitPrice.times(quantity);
        }
    }

    public Order {
        lines = List.copyOf(lines);
        if (lines.isEmpty()) {
            throw new IllegalArgumentException("An order has at least one line");
        }
        if ((status == Status.REJECTED) != (reason != null)) {
            throw new IllegalArgumentException("A rejected order has a reason, and no other has");
        }
    }

    /** A new order; its total is the sum of the lines. */
    static Order placed(UUID id, String customer, Instant at, List<Line> lines) {
        Money total = lines.stream().map(Line::total).reduce(Money::plus).orElseThrow();
        return new Order(id, customer, Status.PLACED, 1, at, lines, total, null);
    }
}

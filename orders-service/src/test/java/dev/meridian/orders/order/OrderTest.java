package dev.meridian.orders.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.meridian.orders.Money;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class OrderTest {

    private static final Instant NOW = Instant.parse("2026-03-01T10:00:00Z");

    private static Order.Line line(String sku, int quantity, String price) {
        return new Order.Line(sku, sku, quantity, new Money(new BigDecimal(price), "EUR"));
    }

    @Test
    void aNewOrderIsPlacedAtVersionOneAndCostsItsLines() {
        Order order = Order.placed(
                UUID.randomUUID(), "alice", NOW, List.of(line("TEA-001", 2, "12.00"), line("MUG-001", 1, "9.90")));

        assertThat(order.status()).isEqualTo(Order.Status.PLACED);
        assertThat(order.version()).isEqualTo(1);
        assertThat(order.total()).isEqualTo(new Money(new BigDecimal("33.90"), "EUR"));
    }

    @Test
    void hasAtLeastOneLine() {
        assertThatThrownBy(() -> new Order(
                        UUID.randomUUID(),
                        "alice",
                        Order.Status.PLACED,
                        1,
                        NOW,
                        List.of(),
                        new Money(BigDecimal.ONE, "EUR"),
                        null))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void hasAReasonExactlyWhenItIsRejected() {
        Order placed = Order.placed(UUID.randomUUID(), "alice", NOW, List.of(line("TEA-001", 1, "12.00")));

        assertThatThrownBy(() -> with(placed, Order.Status.REJECTED, null))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> with(placed, Order.Status.CONFIRMED, Order.Reason.OUT_OF_STOCK))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> with(placed, Order.Status.CANCELLED, Order.Reason.OUT_OF_STOCK))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(with(placed, Order.Status.CANCELLED, null).status()).isEqualTo(Order.Status.CANCELLED);
        assertThat(with(placed, Order.Status.REJECTED, Order.Reason.OUT_OF_STOCK)
                        .reason())
                .isEqualTo(Order.Reason.OUT_OF_STOCK);
    }

    private static Order with(
            Order order, Order.Status status, Order.@org.jspecify.annotations.Nullable Reason reason) {
        return new Order(order.id(), order.customer(), status, 2, NOW, order.lines(), order.total(), reason);
    }
}

package dev.meridian.orders.order;

import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.util.List;

/** What a customer asks for. Prices are ours and are not part of it. */
public record PlaceOrder(
        @NotNull @Size(min = 1, max = MAX_LINES) List<@NotNull @Valid RequestedLine> lines,
        @NotNull @Pattern(regexp = "tok_[a-z0-9_]{1,60}") String paymentToken) {

    private static final int MAX_LINES = 100;

    public PlaceOrder {
        if (lines != null && lines.size() > MAX_LINES) {
            lines = lines.subList(0, MAX_LINES + 1); // enough to refuse it; each further line would be validated too
        }
    }

    public record RequestedLine(
            @NotNull @Pattern(regexp = "[A-Z0-9-]{1,32}") String sku,
            @NotNull @Min(1) @Max(999) Integer quantity) {}
}

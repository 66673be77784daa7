package dev.meridian.orders.order;

import io.swagger.v3.oas.annotations.media.Schema;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.util.List;

/** What a customer asks for. Prices are ours and are not part of it. */
public record PlaceOrder(
        @NotNull @Size(min = 1, max = 100) List<@NotNull @Valid RequestedLine> lines,

        @NotNull @Pattern(regexp = "tok_[a-z0-9_]{1,60}") @Schema(example = "tok_ok")
        String paymentToken) {

    public record RequestedLine(
            @NotNull @Pattern(regexp = "[A-Z0-9-]{1,32}") @Schema(example = "TEA-001")
            String sku,

            @NotNull @Min(1) @Max(999) @Schema(example = "2")
            Integer quantity) {}
}

package dev.meridian.orders.order.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.cache.OrderCache;
import dev.meridian.orders.order.cache.OrderViews;
import dev.meridian.orders.web.Cursor;
import dev.meridian.orders.web.Problem;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** A customer's orders, to be read. The customer is the subject of the token; everybody else's orders do not exist here. */
@RestController
@RequestMapping("/api/orders")
class OrdersController {

    private final OrderViews views;

    OrdersController(OrderViews views) {
        this.views = views;
    }

    @GetMapping(path = "/{id}", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(operationId = "order", summary = "One of the caller's orders")
    @ApiResponse(
            responseCode = "200",
            description = "The order at its newest version, which is its ETag",
            content = @Content(schema = @Schema(implementation = Order.class)))
    ResponseEntity<byte[]> order(@PathVariable UUID id, Principal customer) {
        OrderCache.Entry entry = views.find(id).orElseThrow(OrdersController::noSuchOrder);
        if (!entry.customer().equals(customer.getName())) {
            throw noSuchOrder();
        }
        return ResponseEntity.ok()
                .eTag(etag(entry.version()))
                .cacheControl(PRIVATE)
                .contentType(MediaType.APPLICATION_JSON)
                .body(entry.json().getBytes(StandardCharsets.UTF_8));
    }

    record Page(
            List<Order> orders,

            @Nullable
            @JsonInclude(JsonInclude.Include.NON_NULL)
            @Schema(description = "Asks for the next page; absent on the last")
            String nextCursor) {}

    @GetMapping(produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(operationId = "orders", summary = "The caller's orders, newest first")
    @ApiResponse(responseCode = "200", description = "A page")
    ResponseEntity<Page> orders(
            @RequestParam(defaultValue = "20") @Min(1) @Max(100) int limit,
            @RequestParam(required = false) @Nullable String cursor,
            Principal customer) {
        UUID before = cursor == null ? null : Cursor.decode(cursor);
        List<Order> found = views.page(customer.getName(), before, limit + 1);
        boolean more = found.size() > limit;
        List<Order> page = more ? found.subList(0, limit) : found;
        return ResponseEntity.ok()
                .cacheControl(PRIVATE)
                .body(new Page(page, more ? Cursor.encode(page.getLast().id()) : null));
    }

    /** The one thing that no cache on the way may keep. */
    private static final CacheControl PRIVATE = CacheControl.noStore().cachePrivate();

    static String etag(long version) {
        return "\"" + version + "\"";
    }

    static Problem noSuchOrder() {
        return new Problem(HttpStatus.NOT_FOUND, "no-such-order", "No such order", "You have no order with this id.");
    }
}

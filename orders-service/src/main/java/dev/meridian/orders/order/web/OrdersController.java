package dev.meridian.orders.order.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.cache.CachedOrders;
import dev.meridian.orders.order.cache.OrderPage;
import dev.meridian.orders.order.cache.SingleOrder;
import dev.meridian.orders.web.Cursor;
import dev.meridian.orders.web.Problem;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.headers.Header;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.time.Clock;
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

    /** Says that the primary is away, and that the answer is the replica's, which may be old. */
    private static final String STALE = "Meridian-Stale";

    /** No cache on the way may keep an order. */
    static final CacheControl PRIVATE = CacheControl.noStore().cachePrivate();

    private final CachedOrders orders;
    private final Clock clock;

    OrdersController(CachedOrders orders, Clock clock) {
        this.orders = orders;
        this.clock = clock;
    }

    @GetMapping(path = "/{id}", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(operationId = "order", summary = "One of the caller's orders")
    @ApiResponse(
            responseCode = "200",
            description = "The order at its newest version, which is its ETag",
            headers =
                    @Header(
                            name = STALE,
                            description = "`true` where there may be a newer version that cannot be read now",
                            schema = @Schema(type = "string")),
            content = @Content(schema = @Schema(implementation = Order.class)))
    ResponseEntity<byte[]> order(
            @PathVariable UUID id, Principal customer, HttpServletRequest request, HttpServletResponse response) {
        SingleOrder order = orders.find(id)
                .filter(found -> found.customer().equals(customer.getName()))
                .orElseThrow(OrdersController::noSuchOrder);
        NewestOrderCookie.shown(request, response, List.of(id), clock.instant());
        return answer(order.isStale())
                .eTag(etag(order.version()))
                .contentType(MediaType.APPLICATION_JSON)
                .body(order.json().getBytes(StandardCharsets.UTF_8));
    }

    record Page(
            List<Order> orders,

            @Nullable
            @JsonInclude(JsonInclude.Include.NON_NULL)
            @Schema(description = "Asks for the next page; absent on the last")
            String nextCursor) {}

    @GetMapping(produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(operationId = "orders", summary = "The caller's orders, newest first")
    @ApiResponse(
            responseCode = "200",
            description = "A page",
            headers =
                    @Header(
                            name = STALE,
                            description = "`true` where there may be newer orders or versions that cannot be read now",
                            schema = @Schema(type = "string")))
    ResponseEntity<Page> orders(
            @RequestParam(defaultValue = "20") @Min(1) @Max(100) int limit,
            @RequestParam(required = false) @Nullable String cursor,
            Principal customer,
            HttpServletRequest request,
            HttpServletResponse response) {
        UUID before = cursor == null ? null : Cursor.decode(cursor);
        OrderPage found = orders.page(customer.getName(), before, limit + 1, NewestOrderCookie.carried(request));
        boolean more = found.orders().size() > limit;
        List<Order> page = more ? found.orders().subList(0, limit) : found.orders();
        NewestOrderCookie.shown(request, response, page.stream().map(Order::id).toList(), clock.instant());
        return answer(found.isStale())
                .body(new Page(page, more ? Cursor.encode(page.getLast().id()) : null));
    }

    private static ResponseEntity.BodyBuilder answer(boolean isStale) {
        ResponseEntity.BodyBuilder answer = ResponseEntity.ok().cacheControl(PRIVATE);
        return isStale ? answer.header(STALE, "true") : answer;
    }

    static String etag(long version) {
        return "\"" + version + "\"";
    }

    static Problem noSuchOrder() {
        return new Problem(HttpStatus.NOT_FOUND, "no-such-order", "No such order", "You have no order with this id.");
    }
}

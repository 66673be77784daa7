package dev.meridian.orders.order.web;

import dev.meridian.orders.order.Cancellation;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.OrderService;
import dev.meridian.orders.order.PlaceOrder;
import dev.meridian.orders.order.Placement;
import dev.meridian.orders.web.Problem;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.enums.ParameterIn;
import io.swagger.v3.oas.annotations.headers.Header;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.validation.Valid;
import java.net.URI;
import java.security.Principal;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Places and cancels orders. The customer is the subject of the token; other customers' orders do not exist here. */
@RestController
@RequestMapping("/api/orders")
class OrderCommandsController {

    /** Tells an answer that was given before from a first one. */
    private static final String REPLAYED = "Idempotent-Replayed";

    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final OrderService service;
    private final Clock clock;

    OrderCommandsController(OrderService service, Clock clock) {
        this.service = service;
        this.clock = clock;
    }

    @PostMapping(consumes = MediaType.APPLICATION_JSON_VALUE, produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(operationId = "placeOrder", summary = "Place an order")
    @Parameter(
            name = IdempotencyKey.HEADER,
            in = ParameterIn.HEADER,
            required = true,
            description = "The caller's own name for this request; a retry repeats it",
            schema = @Schema(type = "string", pattern = IdempotencyKey.REGEX))
    @ApiResponse(
            responseCode = "201",
            description = "The order is placed; the same key and body get this answer again",
            headers = {
                @Header(name = "Location", description = "The order", schema = @Schema(type = "string")),
                @Header(
                        name = REPLAYED,
                        description = "`true` where this answer was given before",
                        schema = @Schema(type = "string"))
            })
    ResponseEntity<Order> place(
            @RequestBody @Valid PlaceOrder order,
            Principal customer,
            HttpServletRequest request,
            HttpServletResponse response) {
        String key = IdempotencyKey.required(request);
        return switch (service.place(customer.getName(), key, order)) {
            case Placement.Placed(Order placed, boolean replayed) -> {
                var created = ResponseEntity.created(URI.create("/api/orders/" + placed.id()));
                if (replayed) {
                    created.header(REPLAYED, "true");
                    NewestOrderCookie.shown(request, response, List.of(placed.id()), clock.instant());
                } else {
                    NewestOrderCookie.placed(request, response, placed.id());
                }
                yield answer(created, placed);
            }
            case Placement.UnknownSku(String sku) ->
                throw new Problem(
                        HttpStatus.UNPROCESSABLE_CONTENT,
                        "unknown-sku",
                        "Unknown SKU",
                        "There is no product " + sku + " in the catalogue.");
            case Placement.KeyInUse() ->
                throw new Problem(
                                HttpStatus.CONFLICT,
                                "idempotency-key-in-use",
                                "Idempotency key in use",
                                "A request with this Idempotency-Key is being processed; its answer can be had soon.")
                        .retryAfter(RETRY_AFTER);
            case Placement.KeyReused() ->
                throw new Problem(
                        HttpStatus.UNPROCESSABLE_CONTENT,
                        "idempotency-key-reused",
                        "Idempotency key reused",
                        "This Idempotency-Key belongs to an earlier request that asked for something else.");
        };
    }

    private static ResponseEntity<Order> answer(ResponseEntity.BodyBuilder response, Order order) {
        return response.eTag(OrdersController.etag(order.version()))
                .cacheControl(OrdersController.PRIVATE)
                .body(order);
    }

    @PostMapping(path = "/{id}/cancellation", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "cancelOrder",
            summary = "Cancel an order that fulfilment has not decided yet",
            description = "A repetition finds the order cancelled and succeeds, whatever version its If-Match names.")
    @Parameter(
            name = IdempotencyKey.HEADER,
            in = ParameterIn.HEADER,
            description = "Not needed, since a repetition succeeds by itself; refused where it is malformed",
            schema = @Schema(type = "string", pattern = IdempotencyKey.REGEX))
    @ApiResponse(responseCode = "200", description = "The order is cancelled, at the version that is its ETag")
    @ApiResponse(
            responseCode = "404",
            description = "No such order: `no-such-order`",
            content = @Content(mediaType = MediaType.APPLICATION_PROBLEM_JSON_VALUE, schema = @Schema(ref = "Problem")))
    @ApiResponse(
            responseCode = "409",
            description = "Fulfilment decided first: `order-settled`",
            content = @Content(mediaType = MediaType.APPLICATION_PROBLEM_JSON_VALUE, schema = @Schema(ref = "Problem")))
    @ApiResponse(
            responseCode = "412",
            description = "The order is at another version: `version-mismatch`",
            content = @Content(mediaType = MediaType.APPLICATION_PROBLEM_JSON_VALUE, schema = @Schema(ref = "Problem")))
    ResponseEntity<Order> cancel(
            @PathVariable UUID id,
            @RequestHeader(name = "If-Match", required = false)
                    @Nullable
                    @Parameter(description = "ETags of the versions at which to cancel it, or `*`; strong ones match")
                    String ifMatch,
            Principal customer,
            HttpServletRequest request) {
        IdempotencyKey.optional(request);
        return switch (service.cancel(customer.getName(), id, IfMatch.versions(ifMatch))) {
            case Cancellation.Cancelled(Order order) -> answer(ResponseEntity.ok(), order);
            case Cancellation.Settled(Order.Status status) ->
                throw new Problem(
                        HttpStatus.CONFLICT,
                        "order-settled",
                        "Order settled",
                        "The order is " + status + " already, and can no longer be cancelled.");
            case Cancellation.OtherVersion(long version) ->
                throw new Problem(
                        HttpStatus.PRECONDITION_FAILED,
                        "version-mismatch",
                        "Version mismatch",
                        "The order is at version " + version + ", which If-Match does not name.");
            case Cancellation.NoSuchOrder() -> throw OrdersController.noSuchOrder();
        };
    }
}

package dev.meridian.orders.order.web;

import dev.meridian.orders.idempotency.Answer;
import dev.meridian.orders.idempotency.KeyedRequest;
import dev.meridian.orders.idempotency.web.RepeatableRequests;
import dev.meridian.orders.order.Cancellation;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.OrderDesk;
import dev.meridian.orders.order.PlaceOrder;
import dev.meridian.orders.order.Placement;
import dev.meridian.orders.web.Problem;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.headers.Header;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Pattern;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
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
import tools.jackson.databind.json.JsonMapper;

/** Places and cancels orders. The customer is the subject of the token; everybody else's orders do not exist here. */
@RestController
@RequestMapping("/api/orders")
class OrderDeskController {

    private static final String KEY = "[!-~]{1,255}";
    private static final String KEY_RULE = "must be 1 to 255 visible ASCII characters";

    private final OrderDesk desk;
    private final RepeatableRequests requests;
    private final JsonMapper json;
    private final Clock clock;

    OrderDeskController(OrderDesk desk, RepeatableRequests requests, JsonMapper json, Clock clock) {
        this.desk = desk;
        this.requests = requests;
        this.json = json;
        this.clock = clock;
    }

    @PostMapping(consumes = MediaType.APPLICATION_JSON_VALUE, produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(operationId = "placeOrder", summary = "Place an order")
    @ApiResponse(
            responseCode = "201",
            description = "The order is placed; the same key and body get this answer again",
            headers = {
                @Header(name = "Location", description = "The order", schema = @Schema(type = "string")),
                @Header(
                        name = RepeatableRequests.REPLAYED,
                        description = "`true` where this answer was given before",
                        schema = @Schema(type = "string"))
            },
            content = @Content(schema = @Schema(implementation = Order.class)))
    ResponseEntity<byte[]> place(
            @RequestHeader("Idempotency-Key")
                    @Pattern(regexp = KEY, message = KEY_RULE)
                    @Parameter(description = "The caller's own name for this request; a retry repeats it")
                    String key,
            @RequestBody @Valid PlaceOrder request,
            Principal customer,
            HttpServletRequest http,
            HttpServletResponse response) {
        // The record, not the bytes that came: white space and the order of fields make no difference.
        byte[] content = json.writeValueAsBytes(request);
        ResponseEntity<byte[]> answer = requests.answer(
                KeyedRequest.of(customer.getName(), key, "POST /api/orders", content),
                () -> switch (desk.place(customer.getName(), request)) {
                    case Placement.Placed(Order order) ->
                        new Answer(
                                HttpStatus.CREATED.value(),
                                MediaType.APPLICATION_JSON_VALUE,
                                "/api/orders/" + order.id(),
                                OrdersController.etag(order.version()),
                                json.writeValueAsString(order),
                                true);
                    case Placement.UnknownSku(String sku) ->
                        // Not processed: the catalogue may know it by the time the key is sent again.
                        requests.refusedForNow(new Problem(
                                HttpStatus.UNPROCESSABLE_CONTENT,
                                "unknown-sku",
                                "Unknown SKU",
                                "There is no product " + sku + " in the catalogue."));
                });
        URI location = answer.getHeaders().getLocation();
        if (location != null) {
            UUID order = UUID.fromString(location.getPath().substring("/api/orders/".length()));
            if (answer.getHeaders().containsHeader(RepeatableRequests.REPLAYED)) {
                NewestOrderCookie.shown(http, response, List.of(order), clock.instant());
            } else {
                NewestOrderCookie.placed(http, response, order);
            }
        }
        return answer;
    }

    @PostMapping(path = "/{id}/cancellation", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "cancelOrder",
            summary = "Cancel an order that fulfilment has not decided yet",
            description = "A repetition finds the order cancelled and succeeds, whatever version its If-Match names.")
    @ApiResponse(
            responseCode = "200",
            description = "The order is cancelled, at the version that is its ETag",
            headers =
                    @Header(
                            name = RepeatableRequests.REPLAYED,
                            description = "`true` where this answer was given before under the Idempotency-Key",
                            schema = @Schema(type = "string")),
            content = @Content(schema = @Schema(implementation = Order.class)))
    @ApiResponse(
            responseCode = "404",
            description = "No such order: `no-such-order`",
            content = @Content(mediaType = MediaType.APPLICATION_PROBLEM_JSON_VALUE, schema = @Schema(ref = "Problem")))
    @ApiResponse(
            responseCode = "409",
            description = "Fulfilment decided first: `order-settled`; or `idempotency-key-in-use`",
            content = @Content(mediaType = MediaType.APPLICATION_PROBLEM_JSON_VALUE, schema = @Schema(ref = "Problem")))
    @ApiResponse(
            responseCode = "412",
            description = "The order is at another version: `version-mismatch`",
            content = @Content(mediaType = MediaType.APPLICATION_PROBLEM_JSON_VALUE, schema = @Schema(ref = "Problem")))
    ResponseEntity<byte[]> cancel(
            @PathVariable UUID id,
            @RequestHeader(name = "If-Match", required = false)
                    @Nullable
                    @Parameter(description = "ETags of the versions at which to cancel it, or `*`; strong ones match")
                    String ifMatch,
            @RequestHeader(name = "Idempotency-Key", required = false)
                    @Nullable
                    @Pattern(regexp = KEY, message = KEY_RULE)
                    @Parameter(description = "The caller's own name for this request; a retry may repeat it")
                    String key,
            Principal customer) {
        List<Long> versions = IfMatch.versions(ifMatch);
        Supplier<Answer> processing = () -> switch (desk.cancel(customer.getName(), id, versions)) {
            case Cancellation.Cancelled(Order order) ->
                new Answer(
                        HttpStatus.OK.value(),
                        MediaType.APPLICATION_JSON_VALUE,
                        null,
                        OrdersController.etag(order.version()),
                        json.writeValueAsString(order),
                        true);
            case Cancellation.Settled(Order.Status status) ->
                requests.refused(new Problem(
                        HttpStatus.CONFLICT,
                        "order-settled",
                        "Order settled",
                        "The order is " + status + " already, and can no longer be cancelled."));
            case Cancellation.OtherVersion(long version) ->
                requests.refused(new Problem(
                        HttpStatus.PRECONDITION_FAILED,
                        "version-mismatch",
                        "Version mismatch",
                        "The order is at version " + version + ", which If-Match does not name."));
            case Cancellation.NoSuchOrder() -> requests.refused(OrdersController.noSuchOrder());
        };
        return key == null
                ? requests.answer(processing.get())
                : requests.answer(
                        KeyedRequest.of(
                                customer.getName(),
                                key,
                                "POST /api/orders/" + id + "/cancellation",
                                String.valueOf(versions).getBytes(StandardCharsets.UTF_8)),
                        processing);
    }
}

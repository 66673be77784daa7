package dev.meridian.orders.order.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.meridian.orders.order.Cancellation;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.OrderService;
import dev.meridian.orders.order.PlaceOrder;
import dev.meridian.orders.order.Placement;
import dev.meridian.orders.order.cache.CachedOrders;
import dev.meridian.orders.order.cache.SingleOrder;
import dev.meridian.orders.web.ConditionalGet;
import dev.meridian.orders.web.Cursor;
import dev.meridian.orders.web.IfMatch;
import dev.meridian.orders.web.Problem;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** A customer's orders. The customer is the subject of the token; everybody else's orders do not exist here. */
@RestController
@RequestMapping("/api/orders")
class OrdersController {

    /** Tells an answer that was given before from a first one. */
    private static final String REPLAYED = "Idempotent-Replayed";

    /** Says that the primary is away, and that the answer is the replica's, which may be old. */
    private static final String STALE = "Meridian-Stale";

    /** An ETag of an order, without its quotes. */
    private static final Pattern VERSION = Pattern.compile("[1-9][0-9]{0,17}");

    /** No cache on the way may keep an order. */
    private static final CacheControl PRIVATE = CacheControl.noStore().cachePrivate();

    private final OrderService service;
    private final CachedOrders orders;
    private final Clock clock;

    OrdersController(OrderService service, CachedOrders orders, Clock clock) {
        this.service = service;
        this.orders = orders;
        this.clock = clock;
    }

    @PostMapping(consumes = MediaType.APPLICATION_JSON_VALUE, produces = MediaType.APPLICATION_JSON_VALUE)
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
                        .retryAfter(Duration.ofSeconds(1));
            case Placement.KeyReused() ->
                throw new Problem(
                        HttpStatus.UNPROCESSABLE_CONTENT,
                        "idempotency-key-reused",
                        "Idempotency key reused",
                        "This Idempotency-Key belongs to an earlier request that asked for something else.");
        };
    }

    @PostMapping(path = "/{id}/cancellation", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Order> cancel(
            @PathVariable UUID id,
            @RequestHeader(name = "If-Match", required = false) @Nullable String ifMatch,
            Principal customer,
            HttpServletRequest request,
            HttpServletResponse response) {
        IdempotencyKey.optional(request);
        Cancellation cancellation = service.cancel(customer.getName(), id, versions(IfMatch.tags(ifMatch)));
        if (!(cancellation instanceof Cancellation.NoSuchOrder)) {
            // Also a refusal tells that the order is there.
            NewestOrderCookie.shown(request, response, List.of(id), clock.instant());
        }
        return switch (cancellation) {
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
            case Cancellation.NoSuchOrder() -> throw noSuchOrder();
        };
    }

    /** Those of the tags that are versions of ours; null where every version will do. */
    private static @Nullable List<Long> versions(@Nullable List<String> tags) {
        return tags == null
                ? null
                : tags.stream()
                        .filter(tag -> VERSION.matcher(tag).matches())
                        .map(Long::valueOf)
                        .toList();
    }

    @GetMapping(path = "/{id}", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<byte[]> order(
            @PathVariable UUID id, Principal customer, HttpServletRequest request, HttpServletResponse response) {
        SingleOrder order = orders.find(id)
                .filter(found -> found.customer().equals(customer.getName()))
                .orElseThrow(OrdersController::noSuchOrder);
        NewestOrderCookie.shown(request, response, List.of(id), clock.instant());
        return ConditionalGet.answer(
                request,
                answer(order.isStale()),
                Long.toString(order.version()),
                order.json().getBytes(StandardCharsets.UTF_8));
    }

    record Page(
            List<Order> orders,

            @Nullable @JsonInclude(JsonInclude.Include.NON_NULL)
            String nextCursor) {}

    @GetMapping(produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Page> orders(
            @RequestParam(required = false) @Nullable @Min(1) @Max(100) Integer limit,
            @RequestParam(required = false) @Nullable String cursor,
            Principal customer,
            HttpServletRequest request,
            HttpServletResponse response) {
        UUID before = cursor == null ? null : Cursor.decode(cursor);
        int most = limit == null ? Cursor.PAGE : limit;
        CachedOrders.Page found = orders.page(customer.getName(), before, most + 1, NewestOrderCookie.carried(request));
        boolean more = found.orders().size() > most;
        List<Order> page = more ? found.orders().subList(0, most) : found.orders();
        NewestOrderCookie.shown(request, response, page.stream().map(Order::id).toList(), clock.instant());
        return answer(found.isStale())
                .body(new Page(page, more ? Cursor.encode(page.getLast().id()) : null));
    }

    private static ResponseEntity<Order> answer(ResponseEntity.BodyBuilder response, Order order) {
        return response.eTag("\"" + order.version() + "\"")
                .cacheControl(PRIVATE)
                .body(order);
    }

    private static ResponseEntity.BodyBuilder answer(boolean isStale) {
        ResponseEntity.BodyBuilder answer = ResponseEntity.ok().cacheControl(PRIVATE);
        return isStale ? answer.header(STALE, "true") : answer;
    }

    private static Problem noSuchOrder() {
        return new Problem(HttpStatus.NOT_FOUND, "no-such-order", "No such order", "You have no order with this id.");
    }
}

package dev.meridian.orders.live.web;

import dev.meridian.orders.live.CurrentOrder;
import dev.meridian.orders.live.LiveSettings;
import dev.meridian.orders.live.OrderVersion;
import dev.meridian.orders.live.Watch;
import dev.meridian.orders.live.Watchers;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.web.NewestOrderCookie;
import dev.meridian.orders.web.Problem;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/** An order's states as they come (server-sent events of the HTML standard). */
@RestController
class LiveController {

    private static final String RETRY_AFTER_SECONDS = "5";

    private final Watchers watchers;
    private final CurrentOrder current;
    private final LiveSettings settings;
    private final Streams streams;
    private final Clock clock;

    LiveController(Watchers watchers, CurrentOrder current, LiveSettings settings, Streams streams, Clock clock) {
        this.watchers = watchers;
        this.current = current;
        this.settings = settings;
        this.streams = streams;
        this.clock = clock;
    }

    @GetMapping(path = "/api/orders/{id}/events", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    @Operation(
            operationId = "orderEvents",
            summary = "One of the caller's orders as it changes",
            description =
                    "Events of the name `order`: the current state at once, then each newer one as it comes; whoever"
                            + " reads slowly gets the newest only. An event's id is the order's version, its data the"
                            + " order. The stream ends after a while, or when the token does; the client comes back.")
    @ApiResponse(
            responseCode = "200",
            description = "A stream of events, each with an order as its data",
            content = @Content(schema = @Schema(implementation = Order.class)))
    ResponseEntity<SseEmitter> events(
            @PathVariable UUID id,
            @RequestHeader(name = "Last-Event-ID", required = false)
                    @Parameter(description = "The version that the client has; only newer ones are sent")
                    @Nullable
                    String lastEventId,
            @Parameter(hidden = true) HttpMethod method,
            @AuthenticationPrincipal Jwt token,
            HttpServletRequest request,
            HttpServletResponse response)
            throws IOException {
        Watch watch =
                switch (watchers.watch(id)) {
                    case Watchers.Entry.Admitted(Watch admitted) -> admitted;
                    case Watchers.Entry.TooMany() ->
                        throw unavailable("too-many-streams", "Too many streams", "Too many streams are open here.");
                    case Watchers.Entry.Stopping() ->
                        throw unavailable(
                                "temporarily-unavailable",
                                "Temporarily unavailable",
                                "This instance is about to stop; the next attempt reaches another.");
                };
        boolean handedOver = false;
        try {
            // Read only now: what changes after this is told to the watch.
            OrderVersion order = current.find(id)
                    .filter(found -> found.customer().equals(token.getSubject()))
                    .orElseThrow(LiveController::noSuchOrder);
            NewestOrderCookie.shown(request, response, List.of(id), clock.instant());
            var answer = ResponseEntity.ok()
                    .cacheControl(CacheControl.noStore().cachePrivate())
                    .header("X-Accel-Buffering", "no") // proxies that know it pass each event on at once
                    .contentType(MediaType.TEXT_EVENT_STREAM);
            if (!method.equals(HttpMethod.GET)) {
                return answer.build(); // HEAD: there would be nothing to see of the stream
            }
            watch.knows(order);
            var stream = new Stream(
                    watch,
                    isKnown(lastEventId, order) ? null : order,
                    retry(),
                    end(clock.instant(), settings.lifetime(), token.getExpiresAt()));
            SseEmitter emitter = streams.run(stream);
            handedOver = true;
            return answer.body(emitter);
        } finally {
            if (!handedOver) {
                watch.close();
            }
        }
    }

    /** Whether the client has this version. What is no version, or none that there has been, says nothing. */
    static boolean isKnown(@Nullable String lastEventId, OrderVersion order) {
        return lastEventId != null && lastEventId.equals(Long.toString(order.number()));
    }

    /** No two clients that lost their streams together should come back together. */
    private Duration retry() {
        long least = settings.retry().toMillis();
        return Duration.ofMillis(ThreadLocalRandom.current().nextLong(least, 2 * least + 1));
    }

    static Instant end(Instant now, Duration lifetime, @Nullable Instant expiry) {
        Instant end = now.plus(lifetime);
        return expiry != null && expiry.isBefore(end) ? expiry : end;
    }

    private static Problem noSuchOrder() {
        return new Problem(HttpStatus.NOT_FOUND, "no-such-order", "No such order", "You have no order with this id.");
    }

    private static Problem unavailable(String type, String title, String detail) {
        var problem = new Problem(HttpStatus.SERVICE_UNAVAILABLE, type, title, detail);
        problem.getHeaders().set(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS);
        return problem;
    }
}

package dev.meridian.orders.live.web;

import dev.meridian.orders.live.LiveSettings;
import dev.meridian.orders.live.Subscription;
import dev.meridian.orders.live.Subscriptions;
import dev.meridian.orders.order.cache.CachedOrders;
import dev.meridian.orders.order.cache.SingleOrder;
import dev.meridian.orders.order.web.NewestOrderCookie;
import dev.meridian.orders.web.Problem;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.http.CacheControl;
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

/** An order's current state, and its final one when it comes (server-sent events of the HTML standard). */
@RestController
class LiveController {

    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final Subscriptions subscriptions;
    private final CachedOrders orders;
    private final LiveSettings settings;
    private final SseStreams streams;
    private final Clock clock;

    LiveController(
            Subscriptions subscriptions, CachedOrders orders, LiveSettings settings, SseStreams streams, Clock clock) {
        this.subscriptions = subscriptions;
        this.orders = orders;
        this.settings = settings;
        this.streams = streams;
        this.clock = clock;
    }

    @GetMapping(path = "/api/orders/{id}/events", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    ResponseEntity<SseEmitter> events(
            @PathVariable UUID id,
            @RequestHeader(name = "Last-Event-ID", required = false) @Nullable String lastEventId,
            HttpMethod method,
            @AuthenticationPrincipal Jwt token,
            HttpServletRequest request,
            HttpServletResponse response)
            throws IOException {
        Subscription subscription =
                switch (subscriptions.open(id, String.valueOf(token.getSubject()))) {
                    case Subscription opened -> opened;
                    case Subscriptions.Refusal refusal -> throw tooManyStreams(refusal);
                };
        try {
            SingleOrder order = newest(id, token); // read only now: what it misses is told
            if (order.isFinal()) {
                subscriptions.tell(order);
            }
            NewestOrderCookie.shown(request, response, List.of(id), clock.instant());
            var answer = ResponseEntity.ok()
                    .cacheControl(CacheControl.noStore().cachePrivate())
                    .header("X-Accel-Buffering", "no") // proxies that know it pass each event on at once
                    .contentType(MediaType.TEXT_EVENT_STREAM);
            if (!method.equals(HttpMethod.GET)) {
                subscription.close();
                return answer.build(); // HEAD: there would be nothing to see of the stream
            }
            boolean known = Long.toString(order.version()).equals(lastEventId);
            Duration lifetime = lifetime(clock.instant(), settings.lifetime(), token.getExpiresAt());
            return answer.body(streams.start(subscription, order, known, lifetime));
        } catch (IOException | RuntimeException e) {
            subscription.close();
            throw e;
        }
    }

    /** @throws DataAccessResourceFailureException where only an old state can be read */
    private SingleOrder newest(UUID id, Jwt token) {
        SingleOrder order = orders.find(id)
                .filter(found -> found.customer().equals(token.getSubject()))
                .orElseThrow(LiveController::noSuchOrder);
        if (order.isStale()) {
            throw new DataAccessResourceFailureException("The primary is away, and the replica may be behind");
        }
        return order;
    }

    /** That of the settings, or that of the token where it expires earlier. */
    static Duration lifetime(Instant now, Duration most, @Nullable Instant expiry) {
        return expiry != null && expiry.isBefore(now.plus(most)) ? Duration.between(now, expiry) : most;
    }

    private static Problem noSuchOrder() {
        return new Problem(HttpStatus.NOT_FOUND, "no-such-order", "No such order", "You have no order with this id.");
    }

    private static Problem tooManyStreams(Subscriptions.Refusal refusal) {
        return switch (refusal) {
            case INSTANCE_FULL ->
                new Problem(
                                HttpStatus.SERVICE_UNAVAILABLE,
                                "too-many-streams",
                                "Too many streams",
                                "Too many streams are open here.")
                        .retryAfter(RETRY_AFTER);
            case SUBJECT_FULL ->
                new Problem(
                                HttpStatus.TOO_MANY_REQUESTS,
                                "too-many-own-streams",
                                "Too many own streams",
                                "You have as many streams open as one customer may have.")
                        .retryAfter(RETRY_AFTER);
        };
    }
}

package dev.meridian.gateway.limits;

import dev.meridian.gateway.problems.Problems;
import dev.meridian.gateway.routing.StreamingRoutes;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Sends nothing to a route for a moment where most of its calls fail or take too long, so that callers hear of it at
 * once and the service can recover.
 *
 * <p>A failed call is one that got no answer, after its retries: refused, broken off, or too late. An answer is no
 * failure, a 503 neither: a service knows best when to shed load. Nor does a refusal of our own count, for want of an
 * instance or of a connection.
 */
@Component
@Order(0) // around a route's own filters (from 1 on), Retry among them, and until the answer's headers are there
class RouteBreakers implements GlobalFilter {

    private static final Logger log = LoggerFactory.getLogger(RouteBreakers.class);

    private final Map<String, CircuitBreaker> breakers = new ConcurrentHashMap<>();
    private final CircuitBreakerConfig settings;
    private final Rejections rejections;
    private final MeterRegistry metrics;

    RouteBreakers(Limits limits, Rejections rejections, MeterRegistry metrics) {
        var breaker = limits.breaker();
        this.settings = CircuitBreakerConfig.custom()
                .slidingWindow(
                        (int) breaker.window().toSeconds(),
                        breaker.minimum(),
                        CircuitBreakerConfig.SlidingWindowType.TIME_BASED)
                .failureRateThreshold(breaker.percent())
                .slowCallRateThreshold(breaker.percent())
                .slowCallDurationThreshold(breaker.slow())
                .waitDurationInOpenState(breaker.open())
                .permittedNumberOfCallsInHalfOpenState(breaker.halfOpenCalls())
                .ignoreException(error -> !isFailure(error))
                .writableStackTraceEnabled(false)
                .build();
        this.rejections = rejections;
        this.metrics = metrics;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        Route route = exchange.getRequiredAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
        var breaker = breakers.computeIfAbsent(route.getId(), this::breaker);
        boolean streams = StreamingRoutes.contain(route);
        return Mono.defer(() -> {
            if (!breaker.tryAcquirePermission()) {
                return rejections.reject(exchange, Rejections.Reason.OPEN);
            }
            long begin = breaker.getCurrentTimestamp();
            // A stream takes as long as it takes.
            LongSupplier taken = () -> streams ? 0 : breaker.getCurrentTimestamp() - begin;
            return chain.filter(exchange)
                    .doOnSuccess(nothing -> breaker.onSuccess(taken.getAsLong(), TimeUnit.NANOSECONDS))
                    .doOnError(error -> breaker.onError(taken.getAsLong(), TimeUnit.NANOSECONDS, error))
                    .doOnCancel(() -> givenUp(breaker, taken.getAsLong()));
        });
    }

    private CircuitBreaker breaker(String route) {
        var breaker = CircuitBreaker.of(route, settings);
        breaker.getEventPublisher()
                .onStateTransition(changed -> log.warn("Route {}: {}", route, changed.getStateTransition()));
        metrics.gauge(
                "meridian.gateway.breaker.open", // 1 while nothing is sent to the route
                Tags.of("route", route),
                breaker,
                b -> b.getState() == CircuitBreaker.State.OPEN ? 1 : 0);
        return breaker;
    }

    /** The caller hung up. After a while that tells as much as a late answer. */
    private static void givenUp(CircuitBreaker breaker, long nanos) {
        var slow = breaker.getCircuitBreakerConfig().getSlowCallDurationThreshold();
        if (nanos > slow.toNanos()) {
            breaker.onSuccess(nanos, TimeUnit.NANOSECONDS);
        } else {
            breaker.releasePermission();
        }
    }

    private static boolean isFailure(Throwable error) {
        if (error instanceof ResponseStatusException answer) {
            return answer.getStatusCode() == HttpStatus.GATEWAY_TIMEOUT;
        }
        return switch (Problems.problemOf(error)) {
            case SERVICE_UNAVAILABLE, BROKEN_ANSWER, SERVICE_TIMEOUT -> true;
            default -> false;
        };
    }
}

package dev.meridian.gateway.limits;

import dev.meridian.gateway.problems.Problem;
import dev.meridian.gateway.problems.Problems;
import dev.meridian.gateway.routing.StreamingRoutes;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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
@Order(FilterOrder.BREAKER)
class RouteBreakers implements GlobalFilter {

    private static final Logger log = LoggerFactory.getLogger(RouteBreakers.class);

    private final Map<String, CircuitBreaker> breakers = new ConcurrentHashMap<>();
    private final CircuitBreakerConfig settings;
    private final Problems problems;
    private final RejectionMetrics rejections;
    private final MeterRegistry metrics;

    RouteBreakers(Limits limits, Problems problems, RejectionMetrics rejections, MeterRegistry metrics) {
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
                .writableStackTraceEnabled(false)
                .build();
        this.problems = problems;
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
                rejections.count(exchange, RejectionMetrics.Reason.OPEN);
                return problems.answer(exchange, Problem.SERVICE_UNAVAILABLE);
            }
            var call = new Call(breaker, streams);
            return chain.filter(exchange)
                    .doOnSuccess(nothing ->
                            call.answered(exchange.getResponse().getStatusCode() == HttpStatus.GATEWAY_TIMEOUT))
                    .doOnError(call::failed)
                    .doOnCancel(call::givenUp);
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

    /** @param streams its answer takes as long as it takes */
    private record Call(CircuitBreaker breaker, boolean streams, long begin) {

        Call(CircuitBreaker breaker, boolean streams) {
            this(breaker, streams, breaker.getCurrentTimestamp());
        }

        void answered(boolean tooLate) {
            if (tooLate) {
                breaker.onError(
                        taken(), breaker.getTimestampUnit(), new ResponseStatusException(HttpStatus.GATEWAY_TIMEOUT));
            } else {
                breaker.onSuccess(taken(), breaker.getTimestampUnit());
            }
        }

        void failed(Throwable error) {
            if (counts(error)) {
                breaker.onError(taken(), breaker.getTimestampUnit(), error);
            } else {
                breaker.releasePermission();
            }
        }

        /** The caller hung up. After a while that tells as much as a late answer. */
        void givenUp() {
            var slow = breaker.getCircuitBreakerConfig().getSlowCallDurationThreshold();
            if (Duration.of(taken(), breaker.getTimestampUnit().toChronoUnit()).compareTo(slow) > 0) {
                breaker.onSuccess(taken(), breaker.getTimestampUnit());
            } else {
                breaker.releasePermission();
            }
        }

        private long taken() {
            return streams ? 0 : breaker.getCurrentTimestamp() - begin;
        }

        private static boolean counts(Throwable error) {
            if (error instanceof ResponseStatusException answer) {
                return answer.getStatusCode() == HttpStatus.GATEWAY_TIMEOUT;
            }
            return switch (Problems.problemOf(error)) {
                case SERVICE_UNAVAILABLE, BROKEN_ANSWER, SERVICE_TIMEOUT -> true;
                default -> false;
            };
        }
    }
}

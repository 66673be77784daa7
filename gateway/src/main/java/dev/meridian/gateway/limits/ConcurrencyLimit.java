package dev.meridian.gateway.limits;

import dev.meridian.gateway.routing.StreamingRoutes;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Refuses requests while a route has as many under way as it may have. There is no queue: behind more requests than a
 * service can answer in time, an answer would come when the caller has given up.
 *
 * <p>{@linkplain StreamingRoutes Streams} are exempt, since they last as long as a browser watches.
 */
@Component
@Order(RateLimit.ORDER + 1) // around all that follows until the answer is written (-1)
class ConcurrencyLimit implements GlobalFilter {

    private final Map<String, Semaphore> turns = new ConcurrentHashMap<>();
    private final int limit;
    private final Rejections rejections;
    private final MeterRegistry metrics;

    ConcurrencyLimit(Limits limits, Rejections rejections, MeterRegistry metrics) {
        this.limit = limits.concurrency();
        this.rejections = rejections;
        this.metrics = metrics;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        Route route = exchange.getRequiredAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
        if (StreamingRoutes.contain(route)) {
            return chain.filter(exchange);
        }
        var turn = turns.computeIfAbsent(route.getId(), this::turns);
        return Mono.defer(() -> {
            if (turn.tryAcquire()) {
                return chain.filter(exchange).doFinally(end -> turn.release());
            }
            return rejections.reject(exchange, Rejections.Reason.OVERLOADED);
        });
    }

    private Semaphore turns(String route) {
        var all = new Semaphore(limit);
        metrics.gauge(
                "meridian.gateway.under.way", Tags.of("route", route), all, left -> limit - left.availablePermits());
        return all;
    }
}

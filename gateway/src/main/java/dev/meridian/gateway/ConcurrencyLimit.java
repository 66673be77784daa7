package dev.meridian.gateway;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.core.Ordered;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Refuses what comes while a route has as many requests under way as it may have. Nothing waits for its turn here: who
 * waits behind more requests than a service can answer in time gets an answer that nobody waits for any more.
 *
 * <p>Streams last as long as somebody watches; a route with the metadata <code>streams: true</code> is exempt.
 */
@Component
class ConcurrencyLimit implements GlobalFilter, Ordered {

    private final Map<String, Semaphore> turns = new ConcurrentHashMap<>();
    private final int limit;
    private final Problems problems;
    private final Refusals refusals;
    private final MeterRegistry metrics;

    ConcurrencyLimit(Limits limits, Problems problems, Refusals refusals, MeterRegistry metrics) {
        this.limit = limits.concurrency();
        this.problems = problems;
        this.refusals = refusals;
        this.metrics = metrics;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        Route route = exchange.getRequiredAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
        if (streams(route)) {
            return chain.filter(exchange);
        }
        var turn = turns.computeIfAbsent(route.getId(), this::turns);
        return Mono.defer(() -> {
            if (turn.tryAcquire()) {
                return chain.filter(exchange).doFinally(end -> turn.release());
            }
            refusals.count(exchange, Refusals.Reason.OVERLOADED);
            return problems.answer(exchange, Problem.SERVICE_OVERLOADED);
        });
    }

    static boolean streams(Route route) {
        var declared = route.getMetadata().get("streams");
        return declared != null && Boolean.parseBoolean(declared.toString());
    }

    private Semaphore turns(String route) {
        var all = new Semaphore(limit);
        Gauge.builder("meridian.gateway.under.way", all, left -> limit - left.availablePermits())
                .description("Requests under way")
                .tag("route", route)
                .register(metrics);
        return all;
    }

    @Override
    public int getOrder() {
        return FilterOrder.CONCURRENCY;
    }
}

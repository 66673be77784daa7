package dev.meridian.gateway.limits;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;

/** Counts the requests that the gateway refused to pass on, by route and reason. */
@Component
class RejectionMetrics {

    enum Reason {
        LIMITED,
        OVERLOADED,
        OPEN
    }

    private final MeterRegistry metrics;

    RejectionMetrics(MeterRegistry metrics) {
        this.metrics = metrics;
    }

    void count(ServerWebExchange exchange, Reason reason) {
        Route route = exchange.getRequiredAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
        metrics.counter(
                        "meridian.gateway.refused",
                        "route",
                        route.getId(),
                        "reason",
                        reason.name().toLowerCase(Locale.ROOT))
                .increment();
    }
}

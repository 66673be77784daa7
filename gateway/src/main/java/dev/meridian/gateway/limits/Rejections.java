package dev.meridian.gateway.limits;

import dev.meridian.gateway.problems.Problem;
import dev.meridian.gateway.problems.Problems;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Answers the requests that a limit does not let pass, and counts them by route and reason. */
@Component
class Rejections {

    enum Reason {
        LIMITED(Problem.RATE_LIMITED),
        OVERLOADED(Problem.SERVICE_OVERLOADED),
        OPEN(Problem.SERVICE_UNAVAILABLE);

        private final Problem problem;

        Reason(Problem problem) {
            this.problem = problem;
        }
    }

    private final Problems problems;
    private final MeterRegistry metrics;

    Rejections(Problems problems, MeterRegistry metrics) {
        this.problems = problems;
        this.metrics = metrics;
    }

    Mono<Void> reject(ServerWebExchange exchange, Reason reason) {
        Route route = exchange.getRequiredAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
        var name = reason.name().toLowerCase(Locale.ROOT);
        metrics.counter("meridian.gateway.refused", "route", route.getId(), "reason", name)
                .increment();
        return problems.answer(exchange, reason.problem);
    }
}

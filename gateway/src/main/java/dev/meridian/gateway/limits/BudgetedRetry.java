package dev.meridian.gateway.limits;

import io.github.bucket4j.Bucket;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.RetryGatewayFilterFactory;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;

/**
 * Spring Cloud Gateway's <code>Retry</code>, in whose place it stands, with a budget for each route: a retry is for the
 * instance that fails among others that do not. Where all of them fail, it would only multiply the load.
 *
 * <p>A failure that may not be tried again stays as it is, and goes to the caller.
 */
@Component
class BudgetedRetry extends RetryGatewayFilterFactory {

    /** What a retry costs; each request brings in as many as its percentage. */
    private static final int RETRY = 100;

    private final Limits.Retries limits;
    private final MeterRegistry metrics;

    BudgetedRetry(Limits limits, MeterRegistry metrics) {
        this.limits = limits.retries();
        this.metrics = metrics;
    }

    @Override
    public String name() {
        return "Retry";
    }

    @Override
    public GatewayFilter apply(RetryConfig config) {
        var retry = super.apply(config);
        var budget = Bucket.builder()
                .addLimit(bucket -> bucket.capacity((long) limits.saved() * RETRY)
                        .refillGreedy((long) limits.perSecond() * RETRY, Duration.ofSeconds(1)))
                .withNanosecondPrecision()
                .build();
        return (exchange, chain) -> {
            budget.addTokens(limits.percent());
            return retry.filter(
                    exchange,
                    attempt -> chain.filter(attempt)
                            .doOnSuccess(nothing -> {
                                if (config.getStatuses()
                                        .contains(attempt.getResponse().getStatusCode())) {
                                    pay(attempt, config, budget);
                                }
                            })
                            .doOnError(error -> {
                                if (mayPass(error, config)) {
                                    pay(attempt, config, budget);
                                }
                            }));
        };
    }

    private static boolean mayPass(Throwable error, RetryConfig config) {
        return config.getExceptions().stream()
                .anyMatch(type -> type.isInstance(error) || type.isInstance(error.getCause()));
    }

    /** Before <code>Retry</code> looks at a failure: a retry that is over budget looks like the last attempt. */
    private void pay(ServerWebExchange attempt, RetryConfig config, Bucket budget) {
        int before = attempt.getAttributeOrDefault(RETRY_ITERATION_KEY, -1);
        boolean last = before + 1 >= config.getRetries();
        if (!last
                && config.getMethods().contains(attempt.getRequest().getMethod())
                && !spend(budget, String.valueOf(config.getRouteId()))) {
            attempt.getAttributes().put(RETRY_ITERATION_KEY, config.getRetries());
        }
    }

    private boolean spend(Bucket budget, String route) {
        boolean enough = budget.tryConsume(RETRY);
        metrics.counter("meridian.gateway.retries", "route", route, "result", enough ? "sent" : "over budget")
                .increment();
        return enough;
    }
}

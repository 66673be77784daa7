package dev.meridian.gateway;

import java.security.Principal;
import java.time.Duration;
import java.util.Objects;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Holds each subject to its rate. Whoever comes without a token has none: behind the CDN and the load balancer all of
 * them look alike, and what they may ask for is what the CDN keeps.
 */
@Component
class RateLimit implements GlobalFilter, Ordered {

    private static final Mono<Allowances.Decision> UNLIMITED = Mono.just(Allowances.Granted.GRANTED);

    private final Allowances allowances;
    private final Problems problems;
    private final Refusals refusals;
    private final String policy;

    RateLimit(Allowances allowances, Problems problems, Refusals refusals, Limits limits) {
        this.allowances = allowances;
        this.problems = problems;
        this.refusals = refusals;
        long window = Math.ceilDiv(limits.burst(), limits.rate());
        this.policy = "\"subject\";q=" + limits.burst() + ";w=" + window;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        return exchange.<Principal>getPrincipal()
                .flatMap(caller -> allowances.take(Objects.requireNonNullElse(caller.getName(), "")))
                .switchIfEmpty(UNLIMITED)
                .flatMap(decision -> switch (decision) {
                    case Allowances.Granted granted -> chain.filter(exchange);
                    case Allowances.Refused(Duration after) -> refuse(exchange, after);
                });
    }

    /** The fields of draft-ietf-httpapi-ratelimit-headers, and Retry-After of RFC 9110, section 10.2.3. */
    private Mono<Void> refuse(ServerWebExchange exchange, Duration wait) {
        refusals.count(exchange, Refusals.Reason.LIMITED);
        long seconds = Math.max(1, Math.ceilDiv(wait.toMillis(), 1000));
        var headers = exchange.getResponse().getHeaders();
        headers.set(HttpHeaders.RETRY_AFTER, Long.toString(seconds));
        headers.set("RateLimit-Policy", policy);
        headers.set("RateLimit", "\"subject\";r=0;t=" + seconds);
        return problems.answer(exchange, Problem.RATE_LIMITED);
    }

    @Override
    public int getOrder() {
        return FilterOrder.RATE_LIMIT;
    }
}

package dev.meridian.gateway.limits;

import java.security.Principal;
import java.time.Duration;
import java.util.Objects;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Holds each subject to its rate. Callers without a token have none: behind the CDN and the load balancer all of them
 * look alike, and the CDN keeps what they may ask for.
 */
@Component
@Order(RateLimit.ORDER)
class RateLimit implements GlobalFilter {

    /** After the body was read (Ordered.HIGHEST_PRECEDENCE + 1000): a slow sender occupies nothing. */
    static final int ORDER = Ordered.HIGHEST_PRECEDENCE + 2000;

    private final RateLimiter limiter;
    private final Rejections rejections;
    private final String policy;

    RateLimit(RateLimiter limiter, Rejections rejections, Limits limits) {
        this.limiter = limiter;
        this.rejections = rejections;
        long window = Math.ceilDiv(limits.burst(), limits.rate());
        this.policy = "\"subject\";q=" + limits.burst() + ";w=" + window;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        return exchange.<Principal>getPrincipal()
                .flatMap(caller -> limiter.take(Objects.requireNonNullElse(caller.getName(), "")))
                .defaultIfEmpty(RateLimiter.Granted.GRANTED)
                .flatMap(decision -> switch (decision) {
                    case RateLimiter.Granted granted -> chain.filter(exchange);
                    case RateLimiter.Refused(Duration after) -> refuse(exchange, after);
                });
    }

    /** The fields of draft-ietf-httpapi-ratelimit-headers, and Retry-After of RFC 9110, section 10.2.3. */
    private Mono<Void> refuse(ServerWebExchange exchange, Duration wait) {
        long seconds = Math.max(1, Math.ceilDiv(wait.toMillis(), 1000));
        var headers = exchange.getResponse().getHeaders();
        headers.set(HttpHeaders.RETRY_AFTER, Long.toString(seconds));
        headers.set("RateLimit-Policy", policy);
        headers.set("RateLimit", "\"subject\";r=0;t=" + seconds);
        return rejections.reject(exchange, Rejections.Reason.LIMITED);
    }
}

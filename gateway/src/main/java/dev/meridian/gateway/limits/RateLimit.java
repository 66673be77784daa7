package dev.meridian.gateway.limits;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bucket;
import java.security.Principal;
import java.time.Duration;
import java.util.Objects;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.support.ipresolver.RemoteAddressResolver;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Holds each subject to its rate, and callers without a token to one for each address. */
@Component
@Order(RateLimit.ORDER)
class RateLimit implements GlobalFilter {

    /** After the body was read (Ordered.HIGHEST_PRECEDENCE + 1000): a slow sender occupies nothing. */
    static final int ORDER = Ordered.HIGHEST_PRECEDENCE + 2000;

    private static final int ADDRESSES = 10_000;
    private static final Duration IDLE = Duration.ofMinutes(1);

    private final RateLimiter limiter;
    private final Limits limits;
    private final RemoteAddressResolver addresses;
    private final LoadingCache<String, Bucket> buckets;
    private final Rejections rejections;
    private final String policy;

    RateLimit(RateLimiter limiter, RemoteAddressResolver addresses, Rejections rejections, Limits limits) {
        this.limiter = limiter;
        this.limits = limits;
        this.addresses = addresses;
        this.buckets = Caffeine.newBuilder()
                .maximumSize(ADDRESSES)
                .expireAfterAccess(IDLE)
                .build(address -> bucket());
        this.rejections = rejections;
        long window = Math.ceilDiv(limits.burst(), limits.rate());
        this.policy = "\"subject\";q=" + limits.burst() + ";w=" + window;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        return exchange.<Principal>getPrincipal()
                .flatMap(caller -> limiter.take(Objects.requireNonNullElse(caller.getName(), ""))
                        .doOnNext(decision -> describe(exchange, decision)))
                .switchIfEmpty(Mono.fromSupplier(() -> byAddress(exchange)))
                .flatMap(decision -> switch (decision) {
                    case RateLimiter.Granted granted -> chain.filter(exchange);
                    case RateLimiter.Refused(Duration after) -> refuse(exchange, after);
                });
    }

    private Bucket bucket() {
        return Bucket.builder()
                .addLimit(bucket -> bucket.capacity(limits.addressBurst())
                        .refillGreedy(limits.addressRate(), Duration.ofSeconds(1)))
                .build();
    }

    private RateLimiter.Decision byAddress(ServerWebExchange exchange) {
        var address = addresses.resolve(exchange);
        var taken = buckets.get(address == null ? "" : address.getHostString()).tryConsumeAndReturnRemaining(1);
        return taken.isConsumed()
                ? RateLimiter.Granted.GRANTED
                : new RateLimiter.Refused(Duration.ofNanos(taken.getNanosToWaitForRefill()));
    }

    /** Retry-After of RFC 9110, section 10.2.3. */
    private Mono<Void> refuse(ServerWebExchange exchange, Duration wait) {
        exchange.getResponse().getHeaders().set(HttpHeaders.RETRY_AFTER, Long.toString(seconds(wait)));
        return rejections.reject(exchange, Rejections.Reason.LIMITED);
    }

    /** The fields of draft-ietf-httpapi-ratelimit-headers. */
    private void describe(ServerWebExchange exchange, RateLimiter.Decision decision) {
        if (decision instanceof RateLimiter.Refused(Duration after)) {
            var headers = exchange.getResponse().getHeaders();
            headers.set("RateLimit-Policy", policy);
            headers.set("RateLimit", "\"subject\";r=0;t=" + seconds(after));
        }
    }

    private static long seconds(Duration wait) {
        return Math.max(1, Math.ceilDiv(wait.toMillis(), 1000));
    }
}

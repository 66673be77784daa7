package dev.meridian.gateway;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Clock;
import java.time.Duration;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import reactor.core.publisher.Mono;

/**
 * Remembers tokens that proved valid, by their whole text, so that a caller's next request does not pay for the
 * signature again.
 *
 * <p>A token is remembered for {@link #LONGEST} at most, and never past its expiry. So a key that the issuer withdraws
 * may be honoured that much longer. Tokens that are refused are not remembered.
 */
class VerifiedTokens implements ReactiveJwtDecoder {

    static final Duration LONGEST = Duration.ofSeconds(60);
    private static final int CAPACITY = 5_000; // about 4 KiB each

    private final ReactiveJwtDecoder decoder;
    private final Cache<String, Jwt> verified;

    VerifiedTokens(ReactiveJwtDecoder decoder, Clock clock, Ticker ticker) {
        this.decoder = decoder;
        this.verified = Caffeine.newBuilder()
                .maximumSize(CAPACITY)
                .ticker(ticker)
                .expireAfter(Expiry.<String, Jwt>creating((token, jwt) -> lifetime(jwt, clock)))
                .build();
    }

    @Override
    public Mono<Jwt> decode(String token) {
        var known = verified.getIfPresent(token);
        return known != null ? Mono.just(known) : decoder.decode(token).doOnNext(jwt -> verified.put(token, jwt));
    }

    private static Duration lifetime(Jwt jwt, Clock clock) {
        var expiry = jwt.getExpiresAt();
        if (expiry == null) {
            return Duration.ZERO;
        }
        var left = Duration.between(clock.instant(), expiry);
        return left.isNegative() ? Duration.ZERO : left.compareTo(LONGEST) < 0 ? left : LONGEST;
    }
}

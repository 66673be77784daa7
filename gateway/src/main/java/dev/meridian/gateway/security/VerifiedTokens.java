package dev.meridian.gateway.security;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
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
 * <p>A token is remembered for {@link #MAX_AGE} at most, so a key that the issuer withdraws may be honoured that much
 * longer. An expired token is never answered from memory, and refused tokens are not remembered.
 */
class VerifiedTokens implements ReactiveJwtDecoder {

    static final Duration MAX_AGE = Duration.ofSeconds(60);
    static final int CAPACITY = 5_000; // about 4 KiB each

    private final ReactiveJwtDecoder decoder;
    private final Clock clock;
    private final Cache<String, Jwt> verified;

    VerifiedTokens(ReactiveJwtDecoder decoder, Clock clock, Ticker ticker) {
        this.decoder = decoder;
        this.clock = clock;
        this.verified = Caffeine.newBuilder()
                .maximumSize(CAPACITY)
                .expireAfterWrite(MAX_AGE)
                .ticker(ticker)
                .executor(Runnable::run) // else each new token wakes another thread
                .build();
    }

    @Override
    public Mono<Jwt> decode(String token) {
        var known = verified.getIfPresent(token);
        return known != null && lives(known)
                ? Mono.just(known)
                : decoder.decode(token).doOnNext(jwt -> verified.put(token, jwt));
    }

    private boolean lives(Jwt jwt) {
        var expiry = jwt.getExpiresAt();
        return expiry != null && clock.instant().isBefore(expiry);
    }
}

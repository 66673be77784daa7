package dev.meridian.gateway.security;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.URI;
import java.text.ParseException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The public keys that tokens are checked against, fetched from the issuer when a token needs them.
 *
 * <p>They are fetched again when they are {@link #MAX_AGE} old, so that a withdrawn key goes, and when a token names a
 * key that is not among them, so that a new key comes; but at most once in {@link #PAUSE}, so that tokens with made-up
 * keys do not pass their load on to the issuer. Where the issuer does not answer, the keys that are known stay.
 */
class KeySet implements Function<SignedJWT, Flux<JWK>> {

    static final Duration MAX_AGE = Duration.ofMinutes(5);
    static final Duration PAUSE = Duration.ofSeconds(5);
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    private final WebClient issuer;
    private final URI address;
    private final AtomicReference<@Nullable Mono<JWKSet>> fetch = new AtomicReference<>();
    private volatile @Nullable JWKSet known;
    private volatile long fetchedAt;
    private volatile long askedAt;

    KeySet(WebClient issuer, URI address) {
        this.issuer = issuer;
        this.address = address;
    }

    @Override
    public Flux<JWK> apply(SignedJWT token) {
        var matcher = JWKMatcher.forJWSHeader(token.getHeader());
        if (matcher == null) {
            return Flux.empty(); // an unknown algorithm
        }
        var selector = new JWKSelector(matcher);
        var keys = known;
        if (keys == null) {
            return fetched().flatMapIterable(selector::select);
        }
        List<JWK> matching = selector.select(keys);
        boolean enough = !matching.isEmpty() && age(fetchedAt).compareTo(MAX_AGE) < 0;
        if (enough || age(askedAt).compareTo(PAUSE) < 0) {
            return Flux.fromIterable(matching);
        }
        return fetched().onErrorReturn(keys).flatMapIterable(selector::select);
    }

    /** One fetch at a time, whose answer all waiting tokens share. */
    private Mono<JWKSet> fetched() {
        return Mono.defer(() -> {
            var running = fetch.get();
            if (running != null) {
                return running;
            }
            var started = issuer.get()
                    .uri(address)
                    .retrieve()
                    .bodyToMono(String.class)
                    .map(KeySet::parsed)
                    .timeout(TIMEOUT)
                    .onErrorMap(away -> new AuthenticationServiceException("The issuer's keys are out of reach", away))
                    .doOnNext(keys -> {
                        fetchedAt = System.nanoTime();
                        known = keys;
                    })
                    .doFinally(end -> {
                        askedAt = System.nanoTime();
                        fetch.set(null);
                    })
                    .cache();
            return fetch.compareAndSet(null, started) ? started : fetched();
        });
    }

    private static JWKSet parsed(String json) {
        try {
            return JWKSet.parse(json);
        } catch (ParseException malformed) {
            throw new IllegalArgumentException("The issuer's key set is malformed", malformed);
        }
    }

    private static Duration age(long since) {
        return Duration.ofNanos(System.nanoTime() - since);
    }
}

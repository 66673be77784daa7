package dev.meridian.gateway.security;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jwt.SignedJWT;
import java.net.URL;
import java.time.Duration;
import java.util.function.Function;
import org.springframework.security.authentication.AuthenticationServiceException;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * The public keys that tokens are checked against, fetched from the issuer when a token needs them.
 *
 * <p>They are fetched again when they are {@link #MAX_AGE} old, so that a withdrawn key goes, and when a token names a
 * key that is not among them, so that a new key comes; but at most twice in {@link #PAUSE}, so that tokens with made-up
 * keys do not pass their load on to the issuer. Until the next time nothing can be said of a token with an unknown key: it
 * may be of a new one. Where the issuer does not answer, the keys that are known stay.
 */
class KeySet implements Function<SignedJWT, Flux<JWK>> {

    private static final Duration MAX_AGE = Duration.ofMinutes(5);
    private static final Duration PAUSE = Duration.ofSeconds(5);
    private static final int CONNECT_MILLIS = 1_000;
    private static final int READ_MILLIS = 1_000;
    private static final int LARGEST = 64 * 1024;

    /** A token that waits for the keys holds up no other. */
    private static final Scheduler WAITING = Schedulers.fromExecutor(Thread::startVirtualThread);

    private final JWKSource<SecurityContext> keys;

    KeySet(URL issuer) {
        this.keys = JWKSourceBuilder.<SecurityContext>create(
                        issuer, new DefaultResourceRetriever(CONNECT_MILLIS, READ_MILLIS, LARGEST))
                .cache(MAX_AGE.toMillis(), 2 * (CONNECT_MILLIS + READ_MILLIS))
                .refreshAheadCache(false)
                .rateLimited(PAUSE.toMillis())
                .outageTolerantForever()
                .build();
    }

    /** Ends once the keys are known; an error where they are not, and the issuer does not tell them. */
    Mono<Void> fetched() {
        return Mono.fromCallable(() -> keys.get(new JWKSelector(new JWKMatcher.Builder().build()), null))
                .subscribeOn(WAITING)
                .then();
    }

    /** An error where nothing can be said of the token. */
    @Override
    public Flux<JWK> apply(SignedJWT token) {
        if (!JWSAlgorithm.RS256.equals(token.getHeader().getAlgorithm())) {
            return Flux.empty();
        }
        var selector = new JWKSelector(JWKMatcher.forJWSHeader(token.getHeader()));
        return Mono.fromCallable(() -> keys.get(selector, null))
                .subscribeOn(WAITING)
                .onErrorMap(
                        KeySourceException.class,
                        away -> new AuthenticationServiceException("The issuer's keys are out of reach", away))
                .flatMapIterable(Function.identity());
    }
}

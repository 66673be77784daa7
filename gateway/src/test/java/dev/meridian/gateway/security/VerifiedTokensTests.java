package dev.meridian.gateway.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import reactor.core.publisher.Mono;

class VerifiedTokensTests {

    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private final AtomicInteger verifications = new AtomicInteger();
    private final AtomicLong nanos = new AtomicLong();
    private Instant expiry = NOW.plus(Duration.ofMinutes(10));

    /** Of the tokens that begin with "right" it finds all right until they expire. */
    private final ReactiveJwtDecoder decoder = token -> Mono.fromSupplier(() -> {
        verifications.incrementAndGet();
        if (!token.startsWith("right") || token.endsWith("forged") || !now().isBefore(expiry)) {
            throw new BadJwtException("refused");
        }
        return Jwt.withTokenValue(token)
                .header("alg", "RS256")
                .subject("alice")
                .expiresAt(expiry)
                .build();
    });

    private final VerifiedTokens tokens = new VerifiedTokens(decoder, new WallClock(), nanos::get);

    private Instant now() {
        return NOW.plusNanos(nanos.get());
    }

    private final class WallClock extends Clock {

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now();
        }
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private void accepts(String token) {
        var jwt = tokens.decode(token).block();
        assertThat(jwt).isNotNull().extracting(Jwt::getSubject).isEqualTo("alice");
    }

    private void refuses(String token) {
        assertThatThrownBy(() -> tokens.decode(token).block()).isInstanceOf(BadJwtException.class);
    }

    @Test
    void tokenIsVerifiedOnceWithinItsMaximumAge() {
        accepts("right");
        pass(VerifiedTokens.MAX_AGE.minusSeconds(1));
        accepts("right");
        assertThat(verifications).hasValue(1);

        pass(Duration.ofSeconds(2));
        accepts("right");
        assertThat(verifications).hasValue(2);
    }

    @Test
    void expiredTokenIsRefusedThoughItIsRemembered() {
        expiry = NOW.plusSeconds(5);
        accepts("right");
        pass(Duration.ofSeconds(4));
        accepts("right");
        assertThat(verifications).hasValue(1);

        pass(Duration.ofSeconds(1));
        refuses("right");
        assertThat(verifications).hasValue(2);
    }

    @Test
    void forgedTokenThatBeginsAsARememberedOneIsRefused() {
        accepts("right");

        refuses("right, forged");
        refuses("righ");
        assertThat(verifications).hasValue(3);
    }

    @Test
    void refusalIsNotRemembered() {
        refuses("wrong");
        refuses("wrong");
        assertThat(verifications).hasValue(2);
    }

    @Test
    void onlySoManyTokensAreRemembered() {
        int many = 3 * VerifiedTokens.CAPACITY;
        IntStream.range(0, many).forEach(n -> accepts("right" + n));
        assertThat(verifications).hasValue(many);

        IntStream.range(0, many).forEach(n -> accepts("right" + n));
        int again = verifications.get() - many;
        assertThat(again).isGreaterThanOrEqualTo(many - VerifiedTokens.CAPACITY);
    }
}

package dev.meridian.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import reactor.core.publisher.Mono;

class VerifiedTokensTests {

    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private final AtomicInteger checks = new AtomicInteger();
    private final AtomicLong nanos = new AtomicLong();

    private VerifiedTokens tokens(Duration lifetime) {
        return new VerifiedTokens(
                token -> Mono.fromSupplier(() -> {
                    checks.incrementAndGet();
                    return Jwt.withTokenValue(token)
                            .header("alg", "RS256")
                            .subject("alice")
                            .expiresAt(NOW.plus(lifetime))
                            .build();
                }),
                Clock.fixed(NOW, ZoneOffset.UTC),
                nanos::get);
    }

    @Test
    void checksATokenOnceAMinute() {
        var tokens = tokens(Duration.ofMinutes(30));
        tokens.decode("a").block();
        tokens.decode("a").block();
        tokens.decode("b").block();
        assertThat(checks).hasValue(2);

        nanos.addAndGet(VerifiedTokens.LONGEST.plusSeconds(1).toNanos());
        tokens.decode("a").block();
        assertThat(checks).hasValue(3);
    }

    @Test
    void forgetsATokenWhenItExpires() {
        var tokens = tokens(Duration.ofSeconds(5));
        tokens.decode("a").block();
        nanos.addAndGet(Duration.ofSeconds(6).toNanos());
        tokens.decode("a").block();
        assertThat(checks).hasValue(2);
    }

    @Test
    void remembersNoRefusal() {
        var tokens = new VerifiedTokens(
                token -> Mono.error(() -> {
                    checks.incrementAndGet();
                    return new BadJwtException("refused");
                }),
                Clock.fixed(NOW, ZoneOffset.UTC),
                nanos::get);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> tokens.decode("a").block()).isInstanceOf(BadJwtException.class);
        }
        assertThat(checks).hasValue(2);
    }
}

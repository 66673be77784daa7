package dev.meridian.orders.web;

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
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.mock.web.MockFilterChain;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.mock.web.MockServletContext;
import org.springframework.security.config.annotation.web.configuration.EnableWebSecurity;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.web.FilterChainProxy;
import org.springframework.web.context.WebApplicationContext;
import org.springframework.web.context.support.AnnotationConfigWebApplicationContext;
import org.springframework.web.servlet.config.annotation.EnableWebMvc;

class VerifiedTokensTest {

    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private final AtomicInteger verifications = new AtomicInteger();
    private final AtomicLong nanos = new AtomicLong();
    private Instant expiry = NOW.plus(Duration.ofMinutes(10));

    /** Of the tokens that begin with "right" it finds all right until they expire. */
    private final JwtDecoder decoder = token -> {
        verifications.incrementAndGet();
        if (!token.startsWith("right") || token.endsWith("forged") || !now().isBefore(expiry)) {
            throw new BadJwtException("refused");
        }
        return jwt(token, expiry);
    };

    private final VerifiedTokens tokens = new VerifiedTokens(decoder, new WallClock(), nanos::get);

    private Instant now() {
        return NOW.plusNanos(nanos.get());
    }

    private static Jwt jwt(String token, Instant expiry) {
        return Jwt.withTokenValue(token)
                .header("alg", "RS256")
                .subject("alice")
                .claim("scope", "orders")
                .expiresAt(expiry)
                .build();
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

    @Test
    void tokenIsVerifiedOnceWithinItsMaximumAge() {
        tokens.decode("right");
        pass(VerifiedTokens.MAX_AGE.minusSeconds(1));
        assertThat(tokens.decode("right").getSubject()).isEqualTo("alice");
        assertThat(verifications).hasValue(1);

        pass(Duration.ofSeconds(2));
        tokens.decode("right");
        assertThat(verifications).hasValue(2);
    }

    @Test
    void expiredTokenIsRefusedThoughItIsRemembered() {
        expiry = NOW.plusSeconds(5);
        tokens.decode("right");
        pass(Duration.ofSeconds(4));
        tokens.decode("right");
        assertThat(verifications).hasValue(1);

        pass(Duration.ofSeconds(1));
        assertThatThrownBy(() -> tokens.decode("right")).isInstanceOf(BadJwtException.class);
        assertThat(verifications).hasValue(2);
    }

    @Test
    void forgedTokenThatBeginsAsARememberedOneIsRefused() {
        tokens.decode("right");

        assertThatThrownBy(() -> tokens.decode("right, forged")).isInstanceOf(BadJwtException.class);
        assertThatThrownBy(() -> tokens.decode("righ")).isInstanceOf(BadJwtException.class);
        assertThat(verifications).hasValue(3);
    }

    @Test
    void refusalIsNotRemembered() {
        for (int n = 0; n < 2; n++) {
            assertThatThrownBy(() -> tokens.decode("wrong")).isInstanceOf(BadJwtException.class);
        }
        assertThat(verifications).hasValue(2);
    }

    @Test
    void onlySoManyTokensAreRemembered() {
        int many = 3 * VerifiedTokens.CAPACITY;
        IntStream.range(0, many).forEach(n -> tokens.decode("right" + n));
        assertThat(verifications).hasValue(many);

        IntStream.range(0, many).forEach(n -> tokens.decode("right" + n));
        int again = verifications.get() - many;
        assertThat(again).isGreaterThanOrEqualTo(many - VerifiedTokens.CAPACITY);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableWebMvc
    @EnableWebSecurity
    static class CountingVerifications {

        private final AtomicInteger verifications = new AtomicInteger();

        @Bean
        Clock clock() {
            return Clock.systemUTC();
        }

        @Bean
        JwtDecoder decoder() {
            return token -> {
                verifications.incrementAndGet();
                return jwt(token, Instant.now().plusSeconds(600));
            };
        }
    }

    @Test
    void requestsOfOneTokenVerifyItOnce() throws Exception {
        try (var context = new AnnotationConfigWebApplicationContext()) {
            var servlets = new MockServletContext();
            servlets.setAttribute(WebApplicationContext.ROOT_WEB_APPLICATION_CONTEXT_ATTRIBUTE, context);
            context.setServletContext(servlets);
            TestPropertyValues.of("spring.security.oauth2.resourceserver.jwt.jwk-set-uri=http://127.0.0.1:1/jwks")
                    .applyTo(context);
            context.register(CountingVerifications.class, Security.class);
            context.refresh();

            for (int n = 0; n < 3; n++) {
                var request = new MockHttpServletRequest(servlets, "GET", "/api/orders");
                request.addHeader("Authorization", "Bearer right");
                var response = new MockHttpServletResponse();
                context.getBean(FilterChainProxy.class).doFilter(request, response, new MockFilterChain());
                assertThat(response.getStatus()).isEqualTo(200);
            }

            assertThat(context.getBean(CountingVerifications.class).verifications)
                    .hasValue(1);
        }
    }
}

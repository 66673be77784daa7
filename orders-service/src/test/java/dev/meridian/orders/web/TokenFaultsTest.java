package dev.meridian.orders.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import dev.meridian.orders.Api;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.web.server.LocalServerPort;

@RunningService
class TokenFaultsTest {

    private Api api = new Api(0);

    @BeforeEach
    void connect(@LocalServerPort int port) {
        api = new Api(port);
    }

    @Test
    void aRightTokenIsLetIn() {
        assertThat(api.get("/api/orders", Tokens.of("alice")).status()).isEqualTo(200);
    }

    @Test
    void withoutATokenTheChallengeIsBare() {
        Api.Answer answer = api.get("/api/orders", null);

        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.problem()).isEqualTo("missing-token");
        assertThat(answer.header("WWW-Authenticate")).startsWith("Bearer").doesNotContain("error=");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void aWrongTokenIsRefused(String fault, String token) {
        Api.Answer answer = api.get("/api/orders", token);

        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.problem()).isEqualTo("invalid-token");
        assertThat(answer.header("WWW-Authenticate")).contains("error=\"invalid_token\"");
    }

    static Stream<Arguments> aWrongTokenIsRefused() throws ParseException {
        Instant now = Instant.now();
        return Stream.of(
                Arguments.of("not a token", "rubbish"),
                Arguments.of(
                        "expired",
                        Tokens.of(
                                "alice", claims -> claims.expirationTime(Date.from(now.minus(Duration.ofMinutes(5)))))),
                Arguments.of(
                        "not yet valid",
                        Tokens.of("alice", claims -> claims.notBeforeTime(Date.from(now.plus(Duration.ofMinutes(5)))))),
                Arguments.of("another issuer", Tokens.of("alice", claims -> claims.issuer("http://elsewhere.test"))),
                Arguments.of("another audience", Tokens.of("alice", claims -> claims.audience("payroll"))),
                Arguments.of("no audience", Tokens.of("alice", claims -> claims.audience((String) null))),
                Arguments.of("no subject", Tokens.of("alice", claims -> claims.subject(null))),
                Arguments.of("signed by a stranger", Tokens.forged("alice")),
                Arguments.of(
                        "not signed",
                        new PlainJWT(SignedJWT.parse(Tokens.of("alice")).getJWTClaimsSet()).serialize()));
    }

    @Test
    void theScopeIsNeeded() {
        Api.Answer answer = api.get("/api/orders", Tokens.of("alice", claims -> claims.claim("scope", "ops")));

        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.problem()).isEqualTo("insufficient-scope");
    }

    @Test
    void anUnknownPathIsAProblemOfItsOwn() {
        Api.Answer answer = api.get("/api/nowhere", Tokens.of("alice"));

        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.problem()).isEqualTo("not-found");
    }

    @Test
    void anUnknownMethodIsAProblemOfItsOwn() {
        Api.Answer answer = api.send(api.request("/api/orders").DELETE(), Tokens.of("alice"));

        assertThat(answer.status()).isEqualTo(405);
        assertThat(answer.problem()).isEqualTo("method-not-allowed");
    }
}

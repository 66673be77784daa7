package dev.meridian.gateway.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.gateway.Issuer;
import dev.meridian.gateway.RunningGateway;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.Date;
import org.junit.jupiter.api.Test;

class TokenTests extends RunningGateway {

    private HttpResponse<String> answerTo(String token) {
        return answer(to("/api/orders/1").header("Authorization", "Bearer " + token));
    }

    private void isRefused(String token) {
        var answer = answerTo(token);
        isProblem(answer, 401, "invalid-token");
        assertThat(answer.headers().firstValue("WWW-Authenticate")).contains("Bearer error=\"invalid_token\"");
    }

    @Test
    void acceptsATokenAndPassesItOn() {
        var answer = answerTo(TOKEN);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).startsWith("working").contains("Authorization: Bearer " + TOKEN);
    }

    @Test
    void asksForAMissingToken() {
        var answer = answer(to("/api/orders/1"));
        isProblem(answer, 401, "missing-token");
        assertThat(answer.headers().firstValue("WWW-Authenticate")).contains("Bearer");
    }

    @Test
    void refusesAnExpiredToken() {
        isRefused(ISSUER.token(Issuer.claims()
                .expirationTime(Date.from(Instant.now().minusSeconds(60)))
                .build()));
    }

    @Test
    void refusesATokenThatNeverExpires() {
        isRefused(ISSUER.token(Issuer.claims().expirationTime(null).build()));
    }

    @Test
    void refusesAnotherIssuer() {
        isRefused(ISSUER.token(Issuer.claims().issuer("http://elsewhere.test").build()));
    }

    @Test
    void refusesAnotherAudience() {
        isRefused(ISSUER.token(Issuer.claims().audience("elsewhere").build()));
    }

    @Test
    void refusesAMissingAudience() {
        isRefused(ISSUER.token(Issuer.claims().audience((String) null).build()));
    }

    @Test
    void refusesAnUnsignedToken() {
        isRefused(Issuer.unsigned(Issuer.claims().build()));
    }

    @Test
    void refusesTheSignatureOfAnotherKey() {
        isRefused(Issuer.signed(Issuer.newKey("known"), Issuer.claims().build()));
    }

    @Test
    void refusesASymmetricSignatureMadeFromThePublicKey() {
        isRefused(ISSUER.symmetric(Issuer.claims().build()));
    }

    @Test
    void refusesGarbage() {
        isRefused("garbage");
    }

    @Test
    void refusesUnknownKeysWithoutBotheringTheIssuerEachTime() {
        var stranger = Issuer.newKey("stranger");
        answerTo(TOKEN);
        int before = ISSUER.fetches.get();
        for (int i = 0; i < 20; i++) {
            var token = Issuer.signed(stranger, Issuer.claims().jwtID("" + i).build());
            assertThat(answerTo(token).statusCode()).isIn(401, 503);
        }
        assertThat(ISSUER.fetches.get() - before).isLessThan(5);
    }

    @Test
    void refusesATokenWithoutTheScope() {
        var answer = answerTo(ISSUER.token(Issuer.claims().claim("scope", "ops").build()));
        isProblem(answer, 403, "insufficient-scope");
        assertThat(answer.headers().firstValue("WWW-Authenticate")).contains("Bearer error=\"insufficient_scope\"");
    }

    @Test
    void keepsOperatorsAndCustomersApart() {
        var operator = ISSUER.token(Issuer.claims().claim("scope", "ops").build());
        for (var path : new String[] {"/api/dead-letters", "/api/dead-letters/1", "/api/topology"}) {
            isProblem(answer(to(path)), 401, "missing-token");
            isProblem(answer(withToken(path)), 403, "insufficient-scope");
            assertThat(answer(to(path).header("Authorization", "Bearer " + operator))
                            .statusCode())
                    .isEqualTo(200);
        }
        isProblem(answer(to("/api/orders/1/events")), 401, "missing-token");
        isProblem(
                answer(to("/api/orders/1/events").header("Authorization", "Bearer " + operator)),
                403,
                "insufficient-scope");
    }

    @Test
    void letsEverybodySeeProductsAndTheDescription() {
        assertThat(answer(to("/api/products")).statusCode()).isEqualTo(200);
        assertThat(answer(to("/api/openapi")).statusCode()).isEqualTo(200);
        isProblem(answer(post(to("/api/products"))), 401, "missing-token");
    }
}

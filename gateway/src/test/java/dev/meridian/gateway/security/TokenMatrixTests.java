package dev.meridian.gateway.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.meridian.gateway.Issuer;
import dev.meridian.gateway.RunningGateway;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.cloud.gateway.route.RouteDefinitionLocator;

/** Every fault that a token can have, on every route that needs one. */
class TokenMatrixTests extends RunningGateway {

    @Autowired
    private RouteDefinitionLocator routes;

    private static Map<String, String> faults() {
        var faults = new TreeMap<String, String>();
        faults.put(
                "expired",
                ISSUER.token(Issuer.claims()
                        .expirationTime(Date.from(Instant.now().minusSeconds(60)))
                        .build()));
        faults.put(
                "not yet valid",
                ISSUER.token(Issuer.claims()
                        .notBeforeTime(Date.from(Instant.now().plusSeconds(60)))
                        .build()));
        faults.put(
                "other issuer",
                ISSUER.token(Issuer.claims().issuer("http://elsewhere.test").build()));
        faults.put(
                "other audience",
                ISSUER.token(Issuer.claims().audience("elsewhere").build()));
        faults.put("alg none", Issuer.unsigned(Issuer.claims().build()));
        faults.put("HS256 with the public key", ISSUER.symmetric(Issuer.claims().build()));
        return faults;
    }

    @TestFactory
    Stream<DynamicNode> isRefusedOnEveryRoute() {
        var faults = faults();
        var ofUnknownKey =
                Issuer.signed(Issuer.newKey("stranger"), Issuer.claims().build());
        return protectedCalls().stream()
                .map(call -> dynamicContainer(
                        call.toString(),
                        Stream.concat(
                                Stream.of(
                                        dynamicTest(
                                                "none", () -> isProblem(answer(call.on(this)), 401, "missing-token")),
                                        dynamicTest("missing scope", () -> {
                                            var token = ISSUER.token(Issuer.claims()
                                                    .claim("scope", "openid")
                                                    .build());
                                            isProblem(answer(call.on(this, token)), 403, "insufficient-scope");
                                        }),
                                        // It may be of a new key, as long as the issuer is not asked again.
                                        dynamicTest(
                                                "unknown key id",
                                                () -> assertThat(answer(call.on(this, ofUnknownKey))
                                                                .statusCode())
                                                        .isIn(401, 503))),
                                faults.entrySet().stream()
                                        .map(fault -> dynamicTest(
                                                fault.getKey(),
                                                () -> isProblem(
                                                        answer(call.on(this, fault.getValue())),
                                                        401,
                                                        "invalid-token"))))));
    }

    @Test
    void knowsRoutesOfEachKind() {
        assertThat(protectedCalls())
                .extracting(ProtectedCall::route)
                .contains("orders", "orders-keyed")
                .doesNotContain("identity");
    }

    private List<ProtectedCall> protectedCalls() {
        return ProtectedCall.of(routes);
    }
}

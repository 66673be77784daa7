package dev.meridian.orders.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.meridian.orders.Api;
import dev.meridian.orders.OpenApi;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

@RunningService
class TokenFaultsTest {

    private final RequestMappingHandlerMapping mappings;
    private Api api = new Api(0);

    TokenFaultsTest(@Autowired @Qualifier("requestMappingHandlerMapping") RequestMappingHandlerMapping mappings) {
        this.mappings = mappings;
    }

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

    /** A request that the service answers. @param scope empty for what is public */
    private record Route(String method, String path, String scope) {}

    /** All that the service maps, with the scopes of its description; a new route is tested as soon as it is there. */
    private List<Route> routes() {
        List<Route> routes = new ArrayList<>();
        for (RequestMappingInfo mapping : mappings.getHandlerMethods().keySet()) {
            for (String pattern : mapping.getPatternValues()) {
                for (String method : methods(mapping)) {
                    String scope = OpenApi.DESCRIPTION.scope(method + " " + pattern);
                    String id = pattern.startsWith("/api/orders")
                            ? UUID.randomUUID().toString()
                            : "0";
                    routes.add(new Route(method, pattern.replaceAll("\\{[^}]*}", id), scope));
                }
            }
        }
        return routes;
    }

    private static List<String> methods(RequestMappingInfo mapping) {
        var methods = mapping.getMethodsCondition().getMethods();
        return methods.isEmpty()
                ? List.of("GET")
                : methods.stream().map(Enum::name).toList();
    }

    private static Map<String, String> wrongTokens(String scope) {
        Instant now = Instant.now();
        Map<String, String> tokens = new LinkedHashMap<>();
        tokens.put("not a token", "rubbish");
        tokens.put(
                "expired", wrong(scope, claims -> claims.expirationTime(Date.from(now.minus(Duration.ofMinutes(5))))));
        tokens.put(
                "not yet valid",
                wrong(scope, claims -> claims.notBeforeTime(Date.from(now.plus(Duration.ofMinutes(5))))));
        tokens.put("another issuer", wrong(scope, claims -> claims.issuer("http://elsewhere.test")));
        tokens.put("another audience", wrong(scope, claims -> claims.audience("payroll")));
        tokens.put("no audience", wrong(scope, claims -> claims.audience((String) null)));
        tokens.put("no subject", wrong(scope, claims -> claims.subject(null)));
        tokens.put("signed by a stranger", Tokens.forged("alice"));
        tokens.put("not signed", Tokens.unsigned("alice"));
        tokens.put("signed with the public key", Tokens.signedWithThePublicKey("alice"));
        return tokens;
    }

    private static String wrong(String scope, UnaryOperator<JWTClaimsSet.Builder> fault) {
        return Tokens.of("alice", claims -> fault.apply(claims.claim("scope", scope)));
    }

    @Test
    void everyRouteRefusesEveryWrongToken() {
        assertThat(routes()).extracting(Route::scope).contains("", "orders", "ops");
        for (Route route : routes()) {
            wrongTokens(route.scope).forEach((fault, token) -> {
                Api.Answer answer = call(route, token);
                assertThat(answer.status()).as("%s: %s", route, fault).isEqualTo(401);
                assertThat(answer.problem()).as("%s: %s", route, fault).isEqualTo("invalid-token");
                assertThat(answer.header("WWW-Authenticate")).contains("error=\"invalid_token\"");
            });
            // It may be of a new one, as long as the issuer is not asked again.
            assertThat(call(route, Tokens.ofUnknownKey("alice")).problem())
                    .as("%s: of an unknown key", route)
                    .isIn("invalid-token", "identity-unavailable");
        }
    }

    @Test
    void everyRouteThatIsNotPublicNeedsATokenOfItsScope() {
        for (Route route : routes()) {
            if (route.scope.isEmpty()) {
                assertThat(call(route, null).status()).as("%s", route).isNotIn(401, 403);
                assertThat(call(new Route("HEAD", route.path, ""), null).status())
                        .as("HEAD of %s", route)
                        .isNotIn(401, 403);
                continue;
            }
            assertThat(call(route, null).problem()).as("%s", route).isEqualTo("missing-token");
            for (String scope : List.of("orders", "ops", "openid")) {
                Api.Answer answer = call(route, Tokens.of("alice", scope));
                if (scope.equals(route.scope)) {
                    assertThat(answer.status()).as("%s", route).isNotIn(401, 403, 405);
                } else {
                    assertThat(answer.status()).as("%s: %s", route, scope).isEqualTo(403);
                    assertThat(answer.problem()).isEqualTo("insufficient-scope");
                }
            }
        }
    }

    private Api.Answer call(Route route, @Nullable String token) {
        return api.send(api.request(route.path).method(route.method, HttpRequest.BodyPublishers.noBody()), token);
    }

    /** The scheme in any case, and then one space or more (RFC 9110, section 11.4). */
    @ParameterizedTest
    @ValueSource(strings = {"Bearer ", "bearer ", "BEARER ", "Bearer  ", "bEaReR      "})
    void theSchemeIsReadAsLiberallyAsTheStandardHasIt(String scheme) {
        assertThat(authorized(scheme + Tokens.of("alice")).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"Bearer", "Bearer two words", "Bearer ====", "Bearer t\u00f6ken", "Bearer a,b", "Bearer\ta"})
    void credentialsThatAreNoTokenAreAnInvalidToken(String credentials) {
        Api.Answer answer = authorized(credentials);

        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.problem()).isEqualTo("invalid-token");
        assertThat(answer.header("WWW-Authenticate")).isEqualTo("Bearer error=\"invalid_token\"");
    }

    @Test
    void anotherSchemeIsNoToken() {
        assertThat(authorized("Basic YWxpY2U6c2VjcmV0").problem()).isEqualTo("missing-token");
    }

    private Api.Answer authorized(String credentials) {
        return api.send(api.request("/api/orders").header("Authorization", credentials), null);
    }

    @Test
    void theServiceDoesNotDescribeItselfAsAProtectedResource() {
        assertThat(api.get("/.well-known/oauth-protected-resource", null).problem())
                .isEqualTo("missing-token");
    }

    @Test
    void theManagementEndpointsAreOnAPortOfTheirOwn(@LocalManagementPort int management) {
        for (String path : List.of("/actuator", "/actuator/health", "/actuator/prometheus")) {
            assertThat(api.get(path, Tokens.of("alice", "orders ops")).status()).isEqualTo(404);
        }
        assertThat(new Api(management).get("/actuator/health/liveness", null).status())
                .isEqualTo(200);
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
        assertThat(answer.header("Allow").split(", ?")).containsExactlyInAnyOrder("GET", "HEAD", "OPTIONS", "POST");
    }

    @Test
    void aPublicAddressNamesItsMethodsWithoutAToken() {
        Api.Answer answer = api.send(api.request("/api/products").DELETE(), null);

        assertThat(answer.status()).isEqualTo(405);
        assertThat(answer.header("Allow").split(", ?")).containsExactlyInAnyOrder("GET", "HEAD", "OPTIONS");
    }
}

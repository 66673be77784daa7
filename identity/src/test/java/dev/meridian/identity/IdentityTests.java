package dev.meridian.identity;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.CookieManager;
import java.net.HttpCookie;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {"eureka.client.enabled=false", "management.server.port=0"})
class IdentityTests {

    private static final String FRONT_DOOR = "http://localhost:8080";
    private static final String VERIFIER = "a-verifier-that-nobody-guesses-since-it-is-long-enough";

    private static final Map<String, String> CHALLENGE =
            Map.of("code_challenge", s256(VERIFIER), "code_challenge_method", "S256");

    /** One browser with its cookies for each test. */
    private final CookieManager cookies = new CookieManager();

    private final HttpClient browser =
            HttpClient.newBuilder().cookieHandler(cookies).build();

    @LocalServerPort
    int port;

    @Test
    void givesAClientATokenForMeridian() throws Exception {
        var answer = tokenFor("demo", "demo", Map.of("grant_type", "client_credentials", "scope", "orders"));
        var token = verified(answer);
        assertThat(token.getIssuer()).isEqualTo(FRONT_DOOR);
        assertThat(token.getAudience()).containsExactly("meridian");
        assertThat(token.getSubject()).isEqualTo("demo");
        assertThat(token.getStringListClaim("scope")).containsExactly("orders");
        assertThat(token.getExpirationTime().toInstant())
                .isBetween(
                        Instant.now().plus(Duration.ofMinutes(29)),
                        Instant.now().plus(Duration.ofMinutes(30)));
    }

    @Test
    void givesAClientThatAsksForNoScopeAllOfItsOwn() throws Exception {
        var answer = tokenFor("operator", "operator", Map.of("grant_type", "client_credentials"));
        assertThat(verified(answer).getStringListClaim("scope")).containsExactlyInAnyOrder("orders", "ops");
    }

    @Test
    void refusesAWrongSecret() throws Exception {
        assertThat(tokenFor("demo", "wrong", Map.of("grant_type", "client_credentials"))
                        .statusCode())
                .isEqualTo(401);
    }

    @Test
    void refusesAScopeThatIsNotTheClients() throws Exception {
        var answer = tokenFor("demo", "demo", Map.of("grant_type", "client_credentials", "scope", "ops"));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("invalid_scope");
    }

    @Test
    void logsACustomerIn() throws Exception {
        var token = verified(codeFlow("alice", "openid orders ops", VERIFIER));
        assertThat(token.getSubject()).isEqualTo("alice");
        assertThat(token.getAudience()).containsExactly("meridian");
        assertThat(token.getStringListClaim("scope"))
                .as("a customer is no operator, whatever the storefront asks for")
                .containsExactlyInAnyOrder("openid", "orders");
    }

    @Test
    void logsAnOperatorIn() throws Exception {
        var answer = codeFlow("olivia", "openid orders ops", VERIFIER);
        assertThat(verified(answer).getStringListClaim("scope")).containsExactlyInAnyOrder("openid", "orders", "ops");
        assertThat(JSONObjectUtils.parse(answer.body())).containsKey("id_token");
    }

    @Test
    void refusesACodeWithoutItsVerifier() throws Exception {
        var answer = codeFlow("alice", "openid orders", VERIFIER + "-another");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("invalid_grant");
    }

    @Test
    void refusesAnAuthorizationWithoutAChallenge() throws Exception {
        logIn("alice", "alice");
        var answer = get(authorization("openid orders", Map.of()));
        assertThat(location(answer)).startsWith(FRONT_DOOR + "/?error=invalid_request");
    }

    @Test
    void refusesAWrongPassword() throws Exception {
        assertThat(location(logIn("alice", "wrong"))).endsWith("/login?error");
    }

    @Test
    void keepsTheSessionFromScriptsAndOtherSites() throws Exception {
        assertThat(get("/login").headers().firstValue("Set-Cookie").orElseThrow())
                .contains("HttpOnly", "SameSite=Lax");
    }

    @Test
    void redirectsToTheFrontDoorThatForwardedTheRequest() throws Exception {
        assertThat(location(browser.send(
                        HttpRequest.newBuilder(address(authorization("openid", CHALLENGE)))
                                .header("Accept", "text/html")
                                .header("X-Forwarded-Proto", "https")
                                .header("X-Forwarded-Host", "front.test")
                                .header("X-Forwarded-Port", "443")
                                .build(),
                        BodyHandlers.ofString())))
                .isEqualTo("https://front.test/login");
    }

    @Test
    void aWrongPasswordLeavesNoSessionAndTooManyAreToldToWait() throws Exception {
        for (int guess = 0; guess < SignInLimit.WRONG_BY_ADDRESS; guess++) {
            assertThat(location(logIn("alice", "wrong", "198.51.100.1"))).endsWith("/login?error");
        }
        assertThat(cookies.getCookieStore().getCookies())
                .extracting(HttpCookie::getName)
                .doesNotContain("meridian-login");

        var refused = logIn("alice", "alice", "198.51.100.1");

        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.headers().firstValue("Retry-After")).isPresent();
        assertThat(location(logIn("alice", "alice", "198.51.100.2"))).doesNotContain("error");
    }

    @Test
    void behindTlsCookiesAreForTlsAlone() throws Exception {
        var form = browser.send(
                HttpRequest.newBuilder(address("/login"))
                        .header("X-Forwarded-Proto", "https")
                        .header("X-Forwarded-Port", "443")
                        .build(),
                BodyHandlers.ofString());
        assertThat(form.headers().allValues("Set-Cookie")).isNotEmpty().allMatch(it -> it.contains("; Secure"));
    }

    /** What is kept for them is kept by them. */
    @ParameterizedTest
    @ValueSource(strings = {"/login", "/anything", "/.well-known/anything", "/oauth2/authorize?client_id=storefront"})
    void callersWithoutANameHaveNoSession(String path) throws Exception {
        assertThat(get(path).headers().allValues("Set-Cookie")).noneMatch(it -> it.startsWith("meridian-login="));
        get(authorization("openid orders", CHALLENGE));
        assertThat(cookies.getCookieStore().getCookies())
                .extracting(HttpCookie::getName)
                .doesNotContain("meridian-login");
    }

    @Test
    void anAddressThatNoCookieHoldsIsForgotten() throws Exception {
        var asked = get(authorization("openid orders", CHALLENGE) + "&more=" + "x".repeat(4_000));
        assertThat(location(asked)).endsWith("/login");
        assertThat(asked.headers().allValues("Set-Cookie")).isEmpty();
    }

    @Test
    void aFormThatIsTooOldIsGivenAnewAndTheLogInGoesOn() throws Exception {
        get(authorization("openid orders", CHALLENGE));
        var stale = post("/login", Map.of("username", "alice", "password", "alice", "_csrf", "stale"), null);
        assertThat(location(stale)).endsWith("/login");

        assertThat(URI.create(location(logIn("alice", "alice"))).getPath()).isEqualTo("/oauth2/authorize");
    }

    @Test
    void aForeignAddressToReturnToEndsHereWithAnErrorPage() throws Exception {
        var answer = get(authorization("openid", CHALLENGE)
                .replace(URLEncoder.encode(FRONT_DOOR + "/", UTF_8), "https%3A%2F%2Fforeign.test%2F"));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.headers().firstValue("Content-Type").orElse("")).startsWith("text/html");
        assertThat(answer.body()).isNotBlank().doesNotContain("foreign.test");
    }

    /** OpenID Connect Core, section 3.1.2.6. */
    @Test
    void aLogInThatMayNotBeShownIsAnsweredAsRequired() throws Exception {
        assertThat(location(get(authorization("openid orders", CHALLENGE) + "&prompt=none")))
                .startsWith(FRONT_DOOR + "/?error=login_required")
                .contains("state=s1");
    }

    /** What Spring has not found to be the client's is nowhere to lead to, however it is written. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "client_id=x&request_uri=x&redirect_uri=https://foreign.test/",
                "response_type=code&client_id=storefront&scope=orders&redirect%5Furi=https://foreign.test/"
                        + "&code_challenge=x&code_challenge_method=S256",
                "response_type=code&client_id=storefront&scope=openid&redirect_uri=https://foreign.test/"
            })
    void aLogInThatMayNotBeShownLeadsToNoForeignAddress(String query) throws Exception {
        var answer = get("/oauth2/authorize?prompt=none&" + query);
        assertThat(answer.headers().firstValue("Location").orElse("")).doesNotContain("foreign.test");
    }

    @Test
    void aLogInThatMayNotBeShownForgetsNoneThatIsUnderWay() throws Exception {
        get(authorization("openid orders", CHALLENGE));
        get(authorization("openid orders", CHALLENGE) + "&prompt=none");

        assertThat(location(logIn("alice", "alice"))).doesNotContain("prompt");
    }

    /** RFC 6749, section 5.2. */
    @Test
    void aClientThatIsNotKnownIsToldHowToSayWhoItIs() throws Exception {
        for (var answer : List.of(
                tokenFor("demo", "wrong", Map.of("grant_type", "client_credentials")),
                tokenFor("nobody", "wrong", Map.of("grant_type", "client_credentials")),
                post("/oauth2/token", Map.of("grant_type", "client_credentials"), null),
                post("/oauth2/token", Map.of(), null))) {
            assertThat(answer.statusCode()).isEqualTo(401);
            assertThat(answer.headers().firstValue("WWW-Authenticate").orElse(""))
                    .startsWith("Basic");
            assertThat(JSONObjectUtils.parse(answer.body())).containsEntry("error", "invalid_client");
        }
    }

    @Test
    void tokensAreGivenToAPostAlone() throws Exception {
        var answer = get("/oauth2/token");
        assertThat(answer.statusCode()).isEqualTo(405);
        assertThat(answer.headers().firstValue("Allow").orElse("")).contains("POST");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/.well-known/x", "/oauth2/x", "/oauth2/introspect", "/oauth2/revoke", "/x", "/connect/register"
            })
    void anAddressThatLeadsNowhereIsNotFound(String path) throws Exception {
        assertThat(get(path).statusCode()).isEqualTo(404);
        assertThat(post(path, Map.of("token", "x"), "demo:demo").statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"})
    void promisesWhatItsClientsHave(String document) throws Exception {
        var promised = JSONObjectUtils.parse(get(document).body());
        assertThat(promised)
                .containsEntry("scopes_supported", List.of("openid", "ops", "orders"))
                .containsEntry("grant_types_supported", List.of("authorization_code", "client_credentials"))
                .containsEntry(
                        "token_endpoint_auth_methods_supported",
                        List.of("client_secret_basic", "client_secret_post", "none"))
                .containsEntry("code_challenge_methods_supported", List.of("S256"))
                .containsKeys("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri");
        assertThat(promised.keySet())
                .noneMatch(name -> name.contains("mtls")
                        || name.contains("tls_")
                        || name.contains("dpop")
                        || name.contains("introspection")
                        || name.contains("revocation")
                        || name.contains("registration"));
    }

    /** The whole of RFC 7636: authorize, log in, come back with a code, exchange it. */
    private HttpResponse<String> codeFlow(String user, String scopes, String verifier) throws Exception {
        var authorization = authorization(scopes, CHALLENGE);
        assertThat(location(get(authorization))).endsWith("/login");
        var back = URI.create(location(logIn(user, user)));
        assertThat(back.getPath()).isEqualTo("/oauth2/authorize");

        var landed = location(get(back.getRawPath() + "?" + back.getRawQuery()));
        assertThat(landed).startsWith(FRONT_DOOR + "/?code=").contains("state=s1");
        var code = landed.replaceAll(".*[?&]code=([^&]+).*", "$1");
        return post(
                "/oauth2/token",
                Map.of(
                        "grant_type",
                        "authorization_code",
                        "client_id",
                        "storefront",
                        "redirect_uri",
                        FRONT_DOOR + "/",
                        "code",
                        code,
                        "code_verifier",
                        verifier),
                null);
    }

    private static String s256(String verifier) {
        try {
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(MessageDigest.getInstance("SHA-256").digest(verifier.getBytes(UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    private static String authorization(String scopes, Map<String, String> more) {
        return "/oauth2/authorize?"
                + form(Map.of(
                        "response_type", "code",
                        "client_id", "storefront",
                        "redirect_uri", FRONT_DOOR + "/",
                        "state", "s1",
                        "scope", scopes))
                + (more.isEmpty() ? "" : "&" + form(more));
    }

    private HttpResponse<String> logIn(String user, String password) throws Exception {
        return logIn(user, password, "192.0.2.1");
    }

    private HttpResponse<String> logIn(String user, String password, String from) throws Exception {
        var token = Pattern.compile("name=\"_csrf\"[^>]*value=\"([^\"]+)\"")
                .matcher(get("/login").body());
        assertThat(token.find()).isTrue();
        return browser.send(
                posted("/login", Map.of("username", user, "password", password, "_csrf", token.group(1)))
                        .header("X-Forwarded-For", from)
                        .build(),
                BodyHandlers.ofString());
    }

    private HttpResponse<String> tokenFor(String client, String secret, Map<String, String> form) throws Exception {
        return post("/oauth2/token", form, client + ":" + secret);
    }

    private HttpResponse<String> post(String path, Map<String, String> form, @Nullable String basic) throws Exception {
        var request = posted(path, form);
        if (basic != null) {
            request.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(basic.getBytes(UTF_8)));
        }
        return browser.send(request.build(), BodyHandlers.ofString());
    }

    private HttpRequest.Builder posted(String path, Map<String, String> form) {
        return HttpRequest.newBuilder(address(path))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(form(form)));
    }

    private HttpResponse<String> get(String path) throws Exception {
        return browser.send(
                HttpRequest.newBuilder(address(path))
                        .header("Accept", "text/html")
                        .build(),
                BodyHandlers.ofString());
    }

    private static String location(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(302);
        return answer.headers().firstValue("Location").orElseThrow();
    }

    private JWTClaimsSet verified(HttpResponse<String> answer) throws Exception {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        var token =
                SignedJWT.parse((String) JSONObjectUtils.parse(answer.body()).get("access_token"));
        assertThat(token.getHeader().getAlgorithm().getName()).isEqualTo("RS256");
        var key = JWKSet.parse(get("/oauth2/jwks").body())
                .getKeyByKeyId(token.getHeader().getKeyID());
        assertThat(token.verify(new RSASSAVerifier(key.toRSAKey()))).isTrue();
        return token.getJWTClaimsSet();
    }

    private URI address(String path) {
        return URI.create("http://localhost:" + port + path);
    }

    private static String form(Map<String, String> values) {
        return values.entrySet().stream()
                .map(value -> value.getKey() + "=" + URLEncoder.encode(value.getValue(), UTF_8))
                .collect(Collectors.joining("&"));
    }
}

package dev.meridian.identity;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.CookieManager;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {"eureka.client.enabled=false", "management.server.port=0"})
class IdentityTests {

    private static final String FRONT_DOOR = "http://localhost:8080";
    private static final String VERIFIER = "a-verifier-that-nobody-guesses-since-it-is-long-enough";

    /** One browser with its cookies for each test. */
    private final HttpClient browser =
            HttpClient.newBuilder().cookieHandler(new CookieManager()).build();

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
                        HttpRequest.newBuilder(address("/anything"))
                                .header("Accept", "text/html")
                                .header("X-Forwarded-Proto", "https")
                                .header("X-Forwarded-Host", "front.test")
                                .header("X-Forwarded-Port", "443")
                                .build(),
                        BodyHandlers.ofString())))
                .isEqualTo("https://front.test/login");
    }

    /** The whole of RFC 7636: authorize, log in, come back with a code, exchange it. */
    private HttpResponse<String> codeFlow(String user, String scopes, String verifier) throws Exception {
        var challenge = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(MessageDigest.getInstance("SHA-256").digest(VERIFIER.getBytes(UTF_8)));
        var authorization = authorization(scopes, Map.of("code_challenge", challenge, "code_challenge_method", "S256"));
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
        var token = Pattern.compile("name=\"_csrf\"[^>]*value=\"([^\"]+)\"")
                .matcher(get("/login").body());
        assertThat(token.find()).isTrue();
        return post("/login", Map.of("username", user, "password", password, "_csrf", token.group(1)), null);
    }

    private HttpResponse<String> tokenFor(String client, String secret, Map<String, String> form) throws Exception {
        return post("/oauth2/token", form, client + ":" + secret);
    }

    private HttpResponse<String> post(String path, Map<String, String> form, @Nullable String basic) throws Exception {
        var request = HttpRequest.newBuilder(address(path))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(form(form)));
        if (basic != null) {
            request.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(basic.getBytes(UTF_8)));
        }
        return browser.send(request.build(), BodyHandlers.ofString());
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

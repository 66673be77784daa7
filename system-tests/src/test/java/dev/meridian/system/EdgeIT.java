package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.Stack;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The CDN and the load balancer before the running system. */
@ExtendWith(RunningSystem.class)
class EdgeIT {

    private static final Duration EJECTED = Duration.ofSeconds(3);
    private static final String PRODUCTS = "/api/products";
    private static final Stack STACK = RunningSystem.stack();

    private final Shop shop = Shop.open();

    @BeforeAll
    static void needsTheEdge() {
        Edge.isNeeded();
    }

    @BeforeEach
    void nothingIsKept() throws IOException {
        await("the CDN to trust its origin again")
                .atMost(EJECTED)
                .until(() -> get("/assets/none.css").status() == 404);
        assertThat(inside("BAN / HTTP/1.1")).containsExactly(204);
    }

    @Test
    void theCatalogueIsKept() {
        assertThat(get(PRODUCTS).header("X-Cache")).isEqualTo("MISS");

        Shop.Answer kept = get(PRODUCTS);

        assertThat(kept.status()).isEqualTo(200);
        assertThat(kept.header("X-Cache")).isEqualTo("HIT");
        assertThat(kept.header("Age")).isNotBlank();
        assertThat(kept.json().at("/products").size()).isEqualTo(8);
        assertThat(List.of(kept.header("Via"), kept.header("X-Varnish"), kept.header("Server")))
                .containsOnly("");
    }

    @Test
    void whoHasItAlreadyIsToldSo() {
        String tag = get(PRODUCTS).header("ETag");

        Shop.Answer same = shop.send(shop.request(PRODUCTS).header("If-None-Match", tag));

        assertThat(tag).isNotBlank();
        assertThat(same.status()).isEqualTo(304);
        assertThat(same.response().body()).isEmpty();
        assertThat(same.header("X-Cache")).isEqualTo("HIT");
    }

    @Test
    void aPartOfItAndItsHeadersCanBeHad() {
        Shop.Answer whole = get(PRODUCTS);

        Shop.Answer part = shop.send(shop.request(PRODUCTS).header("Range", "bytes=0-9"));
        Shop.Answer head = shop.send(shop.request(PRODUCTS).method("HEAD", HttpRequest.BodyPublishers.noBody()));

        assertThat(part.status()).isEqualTo(206);
        assertThat(part.response().body()).isEqualTo(whole.response().body().substring(0, 10));
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("ETag")).isEqualTo(whole.header("ETag"));
        assertThat(head.header("X-Cache")).isEqualTo("HIT");
    }

    @Test
    void whatBelongsToSomebodyIsNeverKept() {
        String id = shop.place(Shop.order("TEA-001", 1, "tok_ok"));

        for (String path : List.of("/api/orders/" + id, "/api/orders?limit=1")) {
            for (int i = 0; i < 2; i++) {
                Shop.Answer mine = shop.send(shop.asMe(path));
                assertThat(mine.status()).as(path).isEqualTo(200);
                assertThat(mine.header("X-Cache")).as(path).isEqualTo("PASS");
            }
        }
        assertThat(get("/api/orders/" + id).status()).isEqualTo(401);
        assertThat(get(PRODUCTS).header("X-Cache")).isEqualTo("MISS");
        assertThat(shop.send(shop.asMe(PRODUCTS).header("Cookie", "a=b")).header("X-Cache"))
                .as("what is everybody's")
                .isEqualTo("HIT");
    }

    /** Addresses that look like static files to a cache, and like an order to a service that reads them loosely. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/orders/{id}/x.css",
                "/api/orders/{id};x.css",
                "/api/orders/{id}%2fx.css",
                "/api/orders/{id}%3fx.css",
                "/api/orders/{id}%00.css",
                "/api/orders/{id}?x.css",
                "/assets/..%2fapi%2forders%2f{id}/x.css",
                "/assets/%2e%2e/api/orders/{id}/x.css",
                "/assets/../api/orders/{id}/x.css",
                "/assets//../../api/orders/{id}/x.css",
                "/api/products/../orders/{id}",
                "/api/products/x.css",
                "/api/products%2f..%2forders%2f{id}",
                "/api/products/",
                "/api/products;/../orders/{id}",
                "//api/products",
                "/API/products"
            })
    void noAddressMakesAnOrderAFile(String address) throws IOException {
        String id = shop.place(Shop.order("TEA-001", 1, "tok_ok"));
        String path = address.replace("{id}", id);

        for (String credentials : List.of("Authorization: Bearer " + shop.token() + "\r\n", "")) {
            for (int i = 0; i < 2; i++) {
                try (Wire wire = Wire.to(STACK.frontDoor())) {
                    wire.say("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + credentials
                            + "\r\n");
                    Wire.Heard answer = wire.listen(Duration.ofSeconds(10));
                    assertThat(answer.text()).doesNotContain("X-Cache: HIT");
                    if (credentials.isEmpty()) {
                        assertThat(answer.text()).doesNotContain(id);
                    }
                }
            }
        }
    }

    @Test
    void anInventedParameterNeitherMissesNorSplits() {
        get(PRODUCTS);

        assertThat(get(PRODUCTS + "?cb=1").header("X-Cache")).isEqualTo("HIT");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X-Forwarded-Host: evil.example",
                "X-Forwarded-Scheme: nothttps",
                "X-Forwarded-Proto: gopher",
                "X-Forwarded-Prefix: /evil",
                "X-Original-URL: /api/orders",
                "X-Rewrite-URL: /nowhere",
                "X-HTTP-Method-Override: DELETE",
                "X-Host: evil.example",
                "Forwarded: host=evil.example",
                "Accept: application/xml",
                "Origin: https://evil.example",
                "Range: bytes=0-1",
                "Accept-Encoding: evil",
                "If-None-Match: *",
                "Upgrade: h2c",
                "Host: evil.example"
            })
    void nothingUnkeyedShapesWhatIsKept(String header) throws IOException {
        try (Wire wire = Wire.to(STACK.frontDoor())) {
            String host = header.startsWith("Host:") ? "" : "Host: localhost\r\n";
            wire.say("GET " + PRODUCTS + " HTTP/1.1\r\n" + host + "Connection: close\r\n" + header + "\r\n\r\n");
            assertThat(wire.listen(Duration.ofSeconds(10)).text()).contains("X-Cache: MISS");
        }

        Shop.Answer next = get(PRODUCTS);

        assertThat(next.header("X-Cache")).isEqualTo("HIT");
        assertThat(next.status()).isEqualTo(200);
        assertThat(next.json().at("/products").size()).isEqualTo(8);
        assertThat(next.response().headers().toString() + next.response().body())
                .doesNotContain("evil", "gopher");
    }

    @Test
    void itForgetsOnlyWhenToldFromInside() throws IOException {
        get(PRODUCTS);
        for (String method : List.of("PURGE", "BAN")) {
            Shop.Answer refused = shop.send(shop.request(PRODUCTS).method(method, HttpRequest.BodyPublishers.noBody()));
            assertThat(refused.status()).isEqualTo(405);
            assertThat(refused.problem()).isEqualTo("method-not-allowed");
        }
        assertThat(get(PRODUCTS).header("X-Cache")).isEqualTo("HIT");

        assertThat(inside("PURGE " + PRODUCTS + " HTTP/1.1")).containsExactly(204);

        assertThat(get(PRODUCTS).header("X-Cache")).isEqualTo("MISS");
        assertThat(inside("GET " + PRODUCTS + " HTTP/1.1")).containsExactly(404);
    }

    @Test
    void aDeadGatewayIsAProblemDetailAndTheCatalogueStays() {
        get(PRODUCTS);
        STACK.kill("gateway-dc1-1");

        await().atMost(EJECTED).untilAsserted(this::gatewayIsAway);
        assertThat(get(PRODUCTS).header("X-Cache")).isEqualTo("HIT");

        STACK.start("gateway-dc1-1");

        await().atMost(EJECTED).until(() -> get("/api/orders").status() == 401);
    }

    @Test
    void aHangingGatewayIsAProblemDetailAndTheCatalogueStays() {
        get(PRODUCTS);
        STACK.pause("gateway-dc1-1");
        long begin = System.nanoTime();

        gatewayIsAway();

        assertThat(Duration.ofNanos(System.nanoTime() - begin))
                .as("the request that was under way when it hung")
                .isLessThan(EJECTED);
        assertThat(get(PRODUCTS).header("X-Cache")).isEqualTo("HIT");

        STACK.resume("gateway-dc1-1");

        await().atMost(EJECTED).until(() -> get("/api/orders").status() == 401);
    }

    private void gatewayIsAway() {
        Shop.Answer answer = get("/api/orders");
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.problem()).isEqualTo("service-unavailable");
        assertThat(answer.header("Retry-After")).isNotBlank();
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cdn", "lb-dc1"})
    void whoSendsHeadersByteByByteIsCutOffAndHoldsUpNobody(String target) throws Exception {
        long begin = System.nanoTime();
        try (Wire slow = Wire.to(URI.create(STACK.component(target).address()))) {
            slow.say("GET " + PRODUCTS + " HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
            while (seconds(begin) < 12
                    && slow.say("x")
                    && !slow.listen(Duration.ofMillis(200)).closed()) {
                assertThat(get(PRODUCTS).status()).isEqualTo(200);
            }
        }
        assertThat(seconds(begin)).isBetween(1.0, 7.0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cdn", "lb-dc1"})
    void whatIsTooMuchIsSaidSo(String target) throws IOException {
        assertThat(problem(target, "GET /" + "x".repeat(5_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .contains("HTTP/1.1 414 ", "application/problem+json", "problems/address-too-long");
        assertThat(problem(target, "POST /api/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65537\r\n\r\n"))
                .contains("HTTP/1.1 413 ", "application/problem+json", "problems/body-too-large");
        assertThat(problem(target, "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
                .contains("HTTP/1.1 405 ", "application/problem+json", "problems/method-not-allowed");
        assertThat(problem(target, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"))
                .contains("HTTP/1.1 400 ", "application/problem+json", "problems/bad-request");
        assertThat(problem(target, "GET / HTTP/1.1\r\nHost: localhost\r\nx_y: 1\r\n\r\n"))
                .contains("HTTP/1.1 403 ", "application/problem+json", "problems/refused-header");
    }

    @Test
    void signingInLeadsBackToTheFrontDoor() throws IOException {
        int port = STACK.frontDoor().getPort();
        String answer = problem(
                "cdn",
                "GET /oauth2/authorize?response_type=code&client_id=storefront&scope=openid&redirect_uri="
                        + "http://localhost:" + port + "/&code_challenge=" + "x".repeat(43)
                        + "&code_challenge_method=S256 HTTP/1.1\r\nHost: localhost:" + port
                        + "\r\nAccept: text/html\r\n\r\n");

        assertThat(answer)
                .contains("HTTP/1.1 302")
                .containsIgnoringCase("Location: http://localhost:" + port + "/login");
        assertThat(answer).containsIgnoringCase("Set-Cookie: REDIRECT_URI=").contains("X-Cache: PASS");
    }

    private Shop.Answer get(String path) {
        return shop.send(shop.request(path));
    }

    private static String problem(String target, String request) throws IOException {
        try (Wire wire = Wire.to(URI.create(STACK.component(target).address()))) {
            wire.say(request);
            return wire.listen(Duration.ofSeconds(8)).text();
        }
    }

    private static List<Integer> inside(String requestLine) throws IOException {
        try (Wire wire = Wire.to(URI.create("http://" + STACK.cdnInside()))) {
            wire.say(requestLine + "\r\nHost: cdn\r\nConnection: close\r\n\r\n");
            return wire.listen(Duration.ofSeconds(5)).statuses();
        }
    }

    private static double seconds(long begin) {
        return (System.nanoTime() - begin) / 1e9;
    }
}

package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Requests that two programs in a row could read differently, each carrying a second one inside: a complete order that
 * is taken when it is sent by itself. Sent to the CDN and past it to the load balancer; the second never arrives.
 */
@ExtendWith(RunningSystem.class)
class SmugglingIT {

    /** Longer than a client gets for its headers. */
    private static final Duration LIMIT = Duration.ofSeconds(8);

    /** What may become of a request. */
    enum Fate {
        /** 4xx, or hung up on. */
        REFUSED,
        /** Lawfully read in one way and rewritten so that nobody behind reads it in another. */
        HARMLESS
    }

    private final Shop shop = Shop.open();

    @BeforeAll
    static void needsTheEdge() {
        Edge.isNeeded();
    }

    @Test
    void theSecondRequestIsTakenWhenSentByItself() throws IOException {
        String key = "sent-openly-" + UUID.randomUUID();
        try (Wire wire = Wire.to(RunningSystem.stack().frontDoor())) {
            wire.say(order(shop, key));
            assertThat(wire.listen(LIMIT).statuses()).containsExactly(201);
        }
        assertThat(Books.ofTheStack().ordersWithKey(key)).isEqualTo(1);
    }

    @ParameterizedTest(name = "{1} to {0}")
    @MethodSource
    void theSecondRequestNeverArrives(String target, String name, Fate fate, UnaryOperator<String> request)
            throws IOException {
        secondRequestNeverArrives(address(target), shop, Books.ofTheStack(), fate, request);
    }

    /** As the test says, at any front door. */
    static void secondRequestNeverArrives(URI target, Shop shop, Books books, Fate fate, UnaryOperator<String> request)
            throws IOException {
        String key = "smuggled-" + UUID.randomUUID();
        try (Wire wire = Wire.to(target)) {
            wire.say(request.apply(order(shop, key)));
            Wire.Heard heard = wire.listen(LIMIT);

            if (fate == Fate.REFUSED) {
                assertThat(heard.statuses()).allMatch(status -> status == 100 || status >= 400 && status < 500);
                assertThat(heard.closed() || !heard.statuses().isEmpty())
                        .as("answered or hung up on")
                        .isTrue();
            }
            assertThat(heard.statuses()).doesNotContain(101, 201);
            assertThat(heard.text()).doesNotContainIgnoringCase("<html");
            if (!heard.closed()) {
                wire.say("GET /api/products HTTP/1.1\r\nHost: localhost\r\n\r\n");
                Wire.Heard next = wire.listen(LIMIT);
                assertThat(next.statuses())
                        .as("the answer to the next request: %s", next)
                        .doesNotContain(101, 201)
                        .hasSizeLessThanOrEqualTo(1);
            }
        }
        Shop.Answer catalogue = Shop.onceServed(() -> shop.send(shop.request("/api/products")));
        assertThat(catalogue.json().at("/products").size())
                .as("the products that the next customer sees in %s", catalogue)
                .isEqualTo(8);
        Shop.Answer orders = Shop.onceServed(() -> shop.send(shop.asMe("/api/orders?limit=1")));
        assertThat(orders.json().has("orders")).as("orders in %s", orders).isTrue();
        assertThat(books.ordersWithKey(key)).isZero();
    }

    static Stream<Arguments> theSecondRequestNeverArrives() {
        List<Arguments> cases = new ArrayList<>();
        Shop shop = Shop.open();
        for (String target : List.of("cdn", "lb-dc1")) {
            corpus(shop, (name, fate, request) -> cases.add(Arguments.of(target, name, fate, request)));
        }
        return cases.stream();
    }

    interface Corpus {
        void add(String name, Fate fate, UnaryOperator<String> request);
    }

    /** Every malformed or ambiguous request, made of the complete order that it carries. */
    static void corpus(Shop shop, Corpus corpus) {
        corpus.add("length over chunks", Fate.REFUSED, order -> lengthOver(shop, "Transfer-Encoding: chunked", order));
        corpus.add(
                "chunks over length",
                Fate.REFUSED,
                order -> post(
                        shop,
                        "Content-Length: 5\r\nTransfer-Encoding: chunked",
                        "%x\r\n%s\r\n0\r\n\r\n".formatted(order.length(), order)));
        for (String coding : List.of(
                "Transfer-Encoding: xchunked",
                "Transfer-Encoding: chunked, identity",
                "Transfer-Encoding: identity, chunked",
                "Transfer-Encoding: chunked, chunked",
                "Transfer-Encoding: gzip, chunked",
                "Transfer-Encoding: \"chunked\"",
                "Transfer-Encoding: chunked;q=1",
                "Transfer-Encoding : chunked",
                "Transfer-Encoding\t: chunked",
                "Transfer-Encoding:\tchunked",
                "Transfer-Encoding: \u000bchunked",
                "Transfer-Encoding: chunked\u0000",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
                "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
                "Transfer-Encoding:\r\n chunked",
                "Transfer-Encoding:\n chunked",
                "X-One: 1\nTransfer-Encoding: chunked",
                "X-One: 1\rTransfer-Encoding: chunked",
                " Transfer-Encoding: chunked",
                "transfer_encoding: chunked",
                "Transfer-Encoding\u0000: chunked",
                "Tr\u00e4nsfer-Encoding: chunked")) {
            corpus.add("length, and " + readable(coding), Fate.REFUSED, order -> lengthOver(shop, coding, order));
        }
        for (String length :
                List.of("+0", "-0", "-1", "0, 10", "0x0", "0.0", "0 0", "", "18446744073709551616", "\u00b2")) {
            corpus.add(
                    "a length of '" + length + "'",
                    Fate.REFUSED,
                    order -> post(shop, "Content-Length: " + length, order));
        }
        corpus.add(
                "one length, twice in a line",
                Fate.HARMLESS,
                order -> post(shop, "Content-Length: %1$d, %1$d".formatted(order.length()), order));
        corpus.add(
                "two lengths",
                Fate.REFUSED,
                order -> post(shop, "Content-Length: 0\r\nContent-Length: " + order.length(), order));
        corpus.add(
                "two lengths, turned",
                Fate.REFUSED,
                order -> post(shop, "Content-Length: " + order.length() + "\r\nContent-Length: 0", order));
        corpus.add(
                "a length with a space before the colon",
                Fate.REFUSED,
                order -> post(shop, "Content-Length : 0\r\nContent-Length: " + order.length(), order));
        corpus.add(
                "a folded length", Fate.REFUSED, order -> post(shop, "Content-Length:\r\n " + order.length(), order));
        for (String size : List.of("0x0", "+0", "-0", "g", "", "0 x", "10000000000000000", "\u00b2")) {
            corpus.add(
                    "a chunk's size of '" + size + "'",
                    Fate.REFUSED,
                    order -> post(shop, "Transfer-Encoding: chunked", size + "\r\n\r\n" + order));
        }
        corpus.add(
                "a chunk longer than its size",
                Fate.REFUSED,
                order -> post(shop, "Transfer-Encoding: chunked", "1\r\nab\r\n0\r\n\r\n" + order));
        corpus.add(
                "a chunk's extension that ends in a bare LF",
                Fate.REFUSED,
                order -> post(
                        shop,
                        "Transfer-Encoding: chunked",
                        "3;\nabc\r\n%x\r\n0\r\n\r\n%s\r\n0\r\n\r\n".formatted(order.length() + 5, order)));
        // 0x1000 bytes where the LF ends the chunk before; none where two bytes are skipped there.
        corpus.add(
                "a chunk that ends in a bare LF",
                Fate.HARMLESS,
                order -> post(
                        shop,
                        "Transfer-Encoding: chunked",
                        "1\r\na\n1000\r\n\r\n" + order + " ".repeat(0x1000 - 2 - order.length()) + "\r\n0\r\n\r\n"));
        corpus.add(
                "a chunk's extension",
                Fate.HARMLESS,
                order -> post(
                        shop,
                        "Transfer-Encoding: chunked",
                        "%x;x=\"%s\"\r\n%s\r\n0\r\n\r\n".formatted(order.length(), "y", order)));
        corpus.add(
                "trailers",
                Fate.HARMLESS,
                order -> post(
                        shop,
                        "Transfer-Encoding: chunked",
                        "%x\r\n%s\r\n0\r\nContent-Length: 9\r\n\r\n".formatted(order.length(), order)));
        corpus.add(
                "lines that end in bare LF",
                Fate.HARMLESS,
                order -> post(shop, "Content-Length: " + order.length(), "").replace("\r\n", "\n") + order);
        corpus.add(
                "a folded header",
                Fate.HARMLESS,
                order -> post(shop, "X-One: 1\r\n Content-Length: 0\r\nContent-Length: " + order.length(), order));
        corpus.add(
                "chunks in HTTP/1.0",
                Fate.REFUSED,
                order -> post(shop, "Transfer-Encoding: chunked", "0\r\n\r\n" + order)
                        .replaceFirst("HTTP/1.1", "HTTP/1.0"));
        corpus.add("HTTP/0.9", Fate.REFUSED, order -> "GET /api/orders\r\n" + order);
        for (String version : List.of("HTTP/1.2", "HTTP/2.0", "HTTP/11", "http/1.1", "HTTP/1.1 HTTP/1.1")) {
            corpus.add(
                    "version " + version,
                    Fate.REFUSED,
                    order -> post(shop, "Content-Length: " + order.length(), order)
                            .replaceFirst("HTTP/1.1", version));
        }
        corpus.add("HTTP/2 by prior knowledge", Fate.REFUSED, order -> "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + order);
        corpus.add(
                "an upgrade to HTTP/2",
                Fate.HARMLESS,
                order -> "GET /api/products HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                        + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n");
        corpus.add(
                "GET with a body",
                Fate.REFUSED,
                order -> "GET /api/products HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + order.length()
                        + "\r\n\r\n" + order);
        corpus.add(
                "a body where nobody reads it",
                Fate.REFUSED,
                order -> "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + order.length() + "\r\n\r\n"
                        + order);
        corpus.add(
                "a body that nobody may send",
                Fate.REFUSED,
                order -> "POST /api/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + order.length()
                        + "\r\n\r\n" + order);
        corpus.add(
                "a body nobody waited for",
                Fate.REFUSED,
                order -> post(shop, "Expect: 100-continue\r\nContent-Length: " + order.length(), order));
        corpus.add(
                "another expectation",
                Fate.REFUSED,
                order -> post(shop, "Expect: y 100-continue\r\nContent-Length: " + order.length(), order));
        corpus.add("TRACE", Fate.REFUSED, order -> "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        corpus.add(
                "CONNECT",
                Fate.REFUSED,
                order -> "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n" + order);
        corpus.add(
                "CONNECT with a length",
                Fate.REFUSED,
                order -> "CONNECT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + order.length() + "\r\n\r\n"
                        + order);
        for (String host : List.of(
                "a b",
                "localhost@elsewhere",
                "localhost:80:80",
                "localhost/x",
                "a,b",
                "",
                "localhost#",
                "local\u0000host")) {
            corpus.add(
                    "host '" + readable(host) + "'",
                    Fate.REFUSED,
                    order -> "GET /api/openapi HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        }
        corpus.add(
                "two hosts",
                Fate.REFUSED,
                order -> "GET /api/openapi HTTP/1.1\r\nHost: localhost\r\nHost: elsewhere\r\n\r\n");
        corpus.add("no host", Fate.REFUSED, order -> "GET /api/products HTTP/1.1\r\n\r\n");
        corpus.add(
                "a NUL in a header",
                Fate.REFUSED,
                order -> post(shop, "X-One: \u0000\r\nContent-Length: " + order.length(), order));
        corpus.add(
                "a header too long",
                Fate.REFUSED,
                order -> post(shop, "X-One: " + "x".repeat(20_000) + "\r\nContent-Length: 0", ""));
        corpus.add(
                "headers too many",
                Fate.REFUSED,
                order -> post(shop, "X: 1\r\n".repeat(200) + "Content-Length: 0", ""));
        corpus.add(
                "an address too long",
                Fate.REFUSED,
                order -> "GET /api/" + "x".repeat(6_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        corpus.add(
                "an absolute address",
                Fate.HARMLESS,
                order -> "GET http://elsewhere/api/products HTTP/1.1\r\nHost: localhost\r\n\r\n");
        corpus.add(
                "an absolute address with a user",
                Fate.HARMLESS,
                order -> "GET http://localhost@elsewhere/api/products HTTP/1.1\r\nHost: localhost\r\n\r\n");
        corpus.add("a line break in the address", Fate.REFUSED, order -> "GET /api/orders?\r\n" + order);
    }

    /** A request whose length covers all that follows, while the coding, where it is heeded, ends it before the order. */
    private static String lengthOver(Shop shop, String coding, String order) {
        return post(shop, "Content-Length: %d\r\n%s".formatted(order.length() + 5, coding), "0\r\n\r\n" + order);
    }

    private static String post(Shop shop, String headers, String body) {
        return "POST /api/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + shop.token()
                + "\r\nContent-Type: application/json\r\nIdempotency-Key: outer\r\n" + headers + "\r\n\r\n" + body;
    }

    private static String order(Shop shop, String key) {
        String body = Shop.order("TEA-001", 1, "tok_ok");
        return "POST /api/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + shop.token()
                + "\r\nContent-Type: application/json\r\nIdempotency-Key: " + key + "\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
    }

    private static String readable(String text) {
        return text.replace("\r", "<CR>")
                .replace("\n", "<LF>")
                .replace("\t", "<TAB>")
                .replace("\u0000", "<NUL>")
                .replace("\u000b", "<VT>");
    }

    private static URI address(String component) {
        return URI.create(RunningSystem.stack().component(component).address());
    }
}

package dev.meridian.orders.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.OpenApi;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Requests as no HTTP client sends them: whoever refuses one, Tomcat, a filter or a handler, says so in a problem detail. */
@RunningService
class OddRequestsTest {

    private static final Duration SOON = Duration.ofSeconds(10);
    private static final String ID = "019d4b3e-5a70-7c41-9f0e-2b6a4d8c1e35";
    private static final String HOST = "Host: orders";
    private static final String JSON = "Content-Type: application/json";
    private static final String KEY = "Idempotency-Key: key";

    private final int port;
    private final String token = "Authorization: Bearer " + Tokens.of("alice");

    OddRequestsTest(@LocalServerPort int port) {
        this.port = port;
    }

    static Stream<Arguments> requests() {
        return Stream.of(
                refused(406, "not-acceptable", "GET /api/orders", "Accept: garbage"),
                refused(406, "not-acceptable", "GET /api/orders", "Accept: application/json;q=x"),
                refused(406, "not-acceptable", "GET /api/orders", "Accept: text/html"),
                refused(406, "not-acceptable", "GET /api/orders/" + ID, "Accept: image/png"),
                refused(406, "not-acceptable", "GET /api/orders/" + ID + "/events", "Accept: application/json"),
                refused(406, "not-acceptable", "GET /api/products", "Accept: text/html"),
                refused(404, "no-such-order", "GET /api/orders/" + ID, "Accept: application/json"),
                refused(404, "not-found", "GET /api/nowhere", "Accept: text/html"),
                refused(404, "not-found", "GET /error", "Accept: text/html"),
                refused(404, "not-found", "GET /", "Accept: text/html"),
                refused(405, "method-not-allowed", "FOO /api/orders"),
                refused(405, "method-not-allowed", "PROPFIND /api/orders/" + ID),
                refused(405, "method-not-allowed", "PUT /api/products"),
                refused(405, "method-not-allowed", "PATCH /api/orders/" + ID),
                refused(405, "method-not-allowed", "TRACE /api/orders"),
                refused(501, "not-implemented", "CONNECT orders:80"),
                refused(400, "bad-request", "GET /api/orders?cursor[]=x"),
                refused(400, "bad-request", "GET /api/orders?a|b"),
                refused(400, "bad-request", "GET /api/orders?limit=%zz"),
                refused(400, "bad-request", "GET /api/orders?limit=%"),
                refused(400, "bad-request", "GET /api/orders?limit=%C3%28"),
                refused(400, "invalid-cursor", "GET /api/orders?cursor=%00"),
                refused(400, "bad-request", "GET /api/orders/%zz"),
                refused(400, "bad-request", "GET /api/orders/%C3%28"),
                refused(400, "bad-request", "GET /api/orders/%00"),
                refused(400, "bad-request", "GET /api/orders%2F" + ID),
                refused(400, "bad-request", "GET /api/orders%5C" + ID),
                refused(400, "bad-request", "GET /api\\orders"),
                refused(400, "bad-request", "GET /api//orders"),
                refused(400, "bad-request", "GET //api/orders"),
                refused(400, "bad-request", "GET /api/./orders"),
                refused(400, "bad-request", "GET /api/%2e%2e/orders"),
                refused(400, "bad-request", "GET /../api/orders"),
                refused(400, "bad-request", "GET /api/orders;v=1"),
                refused(400, "bad-request", "GET /api/orders/%25"),
                refused(400, "bad-request", "GET /api/orders/\u00e9"),
                refused(400, "bad-request", "GET /api/orders and more"),
                refused(400, "bad-request", "GET api/orders"),
                refused(400, "bad-request", "GET /api/orders", "no colon"),
                refused(400, "bad-request", "GET /api/orders", "a name: value"),
                refused(400, "bad-request", "GET /api/orders", "X: \u0001"),
                refused(400, "bad-request", "GET /api/orders", "Host: another"),
                refused(400, "bad-request", "GET /api/orders", "Content-Length: many"),
                refused(417, "expectation-failed", "GET /api/orders", "Expect: the unexpected"),
                refused(501, "not-implemented", "POST /api/orders", JSON, KEY, "Transfer-Encoding: any"),
                refused(414, "address-too-long", "GET /api/orders?cursor=" + "x".repeat(25_000)),
                refused(431, "headers-too-large", "GET /api/orders", "X: " + "x".repeat(25_000)),
                refusedBody(415, "unsupported-media-type", "{}", KEY, "Content-Length: 2"),
                refusedBody(400, "bad-request", "zz\r\n\r\n", JSON, KEY, "Transfer-Encoding: chunked"),
                refused(415, "unsupported-media-type", "POST /api/orders", KEY, "Content-Type: garbage"),
                refused(415, "unsupported-media-type", "POST /api/orders", KEY, JSON + ";charset=none"),
                refused(415, "unsupported-media-type", "POST /api/orders", KEY, "Content-Type: multipart/form-data"),
                refused(
                        415,
                        "unsupported-media-type",
                        "POST /api/orders",
                        KEY,
                        "Content-Type: application/x-www-form-urlencoded"),
                refusedBody(
                        400,
                        "invalid-idempotency-key",
                        "{\"lines\":[{\"sku\":\"TEA-001\",\"quantity\":1}],\"paymentToken\":\"tok_ok\"}",
                        JSON,
                        "Content-Length: 66",
                        "Idempotency-Key: \u00d0\u008e"));
    }

    private static Arguments refused(int status, String problem, String methodAndTarget, String... headers) {
        return request(status, problem, methodAndTarget, "", headers);
    }

    private static Arguments refusedBody(int status, String problem, String body, String... headers) {
        return request(status, problem, "POST /api/orders", body, headers);
    }

    private static Arguments request(
            int status, String problem, String methodAndTarget, String body, String... headers) {
        String name = methodAndTarget + " " + String.join(", ", headers);
        String head = methodAndTarget + " HTTP/1.1\r\n" + HOST + "\r\n"
                + Stream.of(headers).map(header -> header + "\r\n").collect(Collectors.joining());
        return Arguments.of(name.length() > 80 ? name.substring(0, 80) : name, status, problem, head, body);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("requests")
    void whatIsRefusedIsAProblemDetail(String name, int status, String problem, String head, String body)
            throws IOException {
        checkProblem(send(head + token, body), status, problem);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("requests")
    void withoutATokenToo(String name, int status, String problem, String head, String body) throws IOException {
        Answer answer = send(head + "X-Test: none", body);

        checkProblem(answer, answer.status, answer.status == 401 ? "missing-token" : problem);
    }

    @ParameterizedTest
    @MethodSource
    void otherHeadsThanThoseOfHttp11(int status, String problem, String head) throws IOException {
        checkProblem(send(head, ""), status, problem);
    }

    static Stream<Arguments> otherHeadsThanThoseOfHttp11() {
        return Stream.of(
                Arguments.of(505, "http-version-not-supported", "GET /api/products HTTP/3.0\r\n" + HOST),
                Arguments.of(400, "bad-request", "GET /api/products HTTP/1.1\r\nAccept: */*"),
                Arguments.of(400, "bad-request", "GET /api/products HTTP/1.1\r\nHost: a b"),
                Arguments.of(400, "bad-request", "G@T /api/products HTTP/1.1\r\n" + HOST));
    }

    private static void checkProblem(Answer answer, int status, String problem) {
        assertThat(answer.status).as(answer.text).isEqualTo(status);
        OpenApi.DESCRIPTION.checkProblem(answer::header, answer.body());
        JsonNode body = JsonMapper.shared().readTree(answer.body());
        assertThat(body.at("/status").asInt()).isEqualTo(status);
        assertThat(body.at("/type").asString()).isEqualTo("https://meridian.dev/problems/" + problem);
        assertThat(answer.text).doesNotContain("apache", "springframework", "Exception");
        if (status == 405) {
            assertThat(answer.header("Allow")).contains("GET", "HEAD", "OPTIONS");
        }
    }

    private record Answer(int status, String text) {

        String header(String name) {
            Matcher line = Pattern.compile("\r\n" + name + ": ?([^\r]*)", Pattern.CASE_INSENSITIVE)
                    .matcher(text.substring(0, text.indexOf("\r\n\r\n")));
            return line.find() ? line.group(1) : "";
        }

        /** Without what chunks have around them. */
        String body() {
            int start = text.indexOf('{');
            return start < 0 ? "{}" : text.substring(start, text.lastIndexOf('}') + 1);
        }
    }

    private Answer send(String head, String body) throws IOException {
        try (var socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout((int) SOON.toMillis());
            String request = head + "\r\nConnection: close\r\n\r\n" + body;
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            String text = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(text).startsWith("HTTP/1.1 ").doesNotContain("127.0.0.1:" + port);
            return new Answer(Integer.parseInt(text.split(" ")[1]), text);
        }
    }
}

package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.local.Stack;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a stranger may send, at the front door and at a gateway that is the front door itself. */
@ExtendWith(RunningSystem.class)
class StrangeRequestsIT {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String FRONT_DOOR = "front door";
    private static final String GATEWAY = "gateway-dc1-1";
    private static final Pattern CHUNKED = Pattern.compile("transfer-encoding", Pattern.CASE_INSENSITIVE);
    private static final Shop SHOP = Shop.open();
    private static final String LOCALHOST = "Host: localhost\r\n";
    private static final String ORDERS = "GET /api/orders";

    /** A request's line and headers, and the problem that answers it; where the CDN knows no problem, its status. */
    private record Case(String line, String headers, int status, String problem, boolean statusAlone) {

        Case(String line, int status, String problem) {
            this(line, LOCALHOST, status, problem, false);
        }

        @Override
        public String toString() {
            String request = line + " " + headers.replace("\r\n", " ");
            return request.length() < 90 ? request : request.substring(0, 90) + "...";
        }
    }

    static Stream<Arguments> anErrorIsAProblem() {
        List<Case> cases = new ArrayList<>();
        for (String query : List.of("cursor[]=x", "cursor=%zz", "cursor=%", "a|b=c", "cursor={x}")) {
            cases.add(new Case(ORDERS + "?" + query, 400, "bad-request"));
        }
        for (String path : List.of(
                "/api//orders",
                "//api/orders",
                "/api/orders;v=1",
                "/api%2Forders",
                "/api/orders/%2F",
                "/api/orders/%00",
                "/api/orders/..;/x",
                "/api/../api/orders",
                "/api/products;v=1")) {
            cases.add(new Case("GET " + path, 400, "bad-request"));
        }
        cases.add(new Case("GET /api/orders/ x", LOCALHOST, 400, "bad-request", true));
        for (String method : List.of("FOO", "TRACE", "CONNECT", "PROPFIND", "get")) {
            cases.add(new Case(method + " /api/orders", 405, "method-not-allowed"));
        }
        cases.add(new Case("GET /api/orders/", 404, "not-found"));
        cases.add(new Case(ORDERS + "?x=" + "y".repeat(9_000), 414, "address-too-long"));
        for (int length : new int[] {17_000, 25_000}) {
            cases.add(new Case(
                    ORDERS, LOCALHOST + "X-Long: " + "x".repeat(length) + "\r\n", 431, "headers-too-large", false));
        }
        cases.add(new Case(ORDERS, LOCALHOST + "X-Many: x\r\n".repeat(3_000), 431, "headers-too-large", true));
        for (String host : List.of("", "Host:\r\n", "Host: a b/c\r\n")) {
            cases.add(new Case("GET /api/products", host, 400, "bad-request", false));
        }
        cases.add(new Case("GET /api/products", LOCALHOST + LOCALHOST, 400, "bad-request", true));
        return doors().flatMap(door -> cases.stream().map(oneCase -> Arguments.of(door, oneCase)));
    }

    static Stream<String> doors() {
        return Stream.of(FRONT_DOOR, GATEWAY);
    }

    @ParameterizedTest(name = "{1} to {0}")
    @MethodSource
    void anErrorIsAProblem(String door, Case oneCase) throws IOException {
        String answer = ask(door, oneCase.line, oneCase.headers);

        if (oneCase.statusAlone && door.equals(FRONT_DOOR) && !Edge.installed().isEmpty()) {
            assertThat(answer).doesNotContain("HTTP/1.1 2", "<");
            return;
        }
        assertThat(answer)
                .startsWith("HTTP/1.1 " + oneCase.status + " ")
                .containsIgnoringCase("\r\ncontent-type: application/problem+json")
                .containsIgnoringCase("\r\ndate: ")
                .contains("https://meridian.dev/problems/" + oneCase.problem)
                .doesNotContain("127.0.0.1", "dc1");
    }

    @ParameterizedTest
    @MethodSource("doors")
    void largeHeadersArriveWhereTheyAreReadAtAll(String door) throws IOException {
        for (int length : new int[] {7_000, 9_000, 12_000, 14_000}) {
            assertThat(ask(
                            door,
                            ORDERS + "?x=" + "y".repeat(3_900),
                            LOCALHOST + "X-Long: " + "x".repeat(length) + "\r\n"))
                    .as("%d bytes", length)
                    .startsWith("HTTP/1.1 200 ");
        }
    }

    @ParameterizedTest
    @MethodSource("doors")
    void whatNobodyCanAnswerInIsAProblem(String door) throws IOException {
        for (var accept : Map.of("garbage", "HTTP/1\\.1 (200|400|406) ", "text/xml", "HTTP/1\\.1 406 ")
                .entrySet()) {
            assertThat(ask(door, ORDERS, LOCALHOST + "Accept: " + accept.getKey() + "\r\n"))
                    .containsPattern("^" + accept.getValue())
                    .containsPattern("(?i)\r\ncontent-type: application/(problem\\+)?json");
        }
    }

    @ParameterizedTest
    @MethodSource("doors")
    void anUpgradeIsIgnored(String door) throws IOException {
        assertThat(ask(
                        door,
                        "GET /api/products",
                        LOCALHOST + "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"))
                .startsWith("HTTP/1.1 200 ");
    }

    @ParameterizedTest
    @MethodSource("doors")
    void anUnknownExpectationIsIgnoredOrFails(String door) throws IOException {
        assertThat(ask(door, ORDERS, LOCALHOST + "Expect: 200-ok\r\n")).containsPattern("^HTTP/1\\.1 (200|417) ");
    }

    @ParameterizedTest
    @MethodSource("doors")
    void http10GetsNoChunks(String door) throws IOException {
        for (String path : List.of("/api/products", "/api/openapi", "/api/orders")) {
            try (Wire wire = to(door)) {
                wire.say("GET " + path + " HTTP/1.0\r\n" + LOCALHOST + authorization() + "\r\n");
                Wire.Heard heard = wire.listen(LIMIT);
                assertThat(heard.text()).containsPattern("^HTTP/1\\.[01] 200 ").doesNotContainPattern(CHUNKED);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("doors")
    void requestsInARowAreAnsweredOrTheFirstAnswerSaysThatItIsTheLast(String door) throws IOException {
        String request = "GET /api/products HTTP/1.1\r\n" + LOCALHOST;
        try (Wire wire = to(door)) {
            wire.say(request + "\r\n" + request + "\r\n");
            assertThat(twoAnswers(wire).split("HTTP/1.1 200 ")).hasSize(3);
        }
        try (Wire wire = to(door)) {
            wire.say(request + "\r\n" + request + "Connection: close\r\n\r\n");
            String heard = twoAnswers(wire);
            assertThat(heard.split("HTTP/1.1 200 ").length == 3
                            || heard.toLowerCase(Locale.ROOT).contains("connection: close"))
                    .as(heard)
                    .isTrue();
        }
    }

    private static String twoAnswers(Wire wire) throws IOException {
        Wire.Heard first = wire.listen(LIMIT);
        return first.closed() || first.text().split("HTTP/1.1 200 ").length == 3
                ? first.text()
                : first.text() + wire.listen(LIMIT).text();
    }

    private static String ask(String door, String line, String headers) throws IOException {
        try (Wire wire = to(door)) {
            wire.say(line + " HTTP/1.1\r\n" + authorization() + headers + "\r\n");
            return wire.listen(LIMIT).text();
        }
    }

    private static String authorization() {
        return "Authorization: Bearer " + SHOP.token() + "\r\n";
    }

    private static Wire to(String door) throws IOException {
        Stack stack = RunningSystem.stack();
        return Wire.to(
                door.equals(FRONT_DOOR)
                        ? stack.frontDoor()
                        : URI.create(stack.component(GATEWAY).address()));
    }
}

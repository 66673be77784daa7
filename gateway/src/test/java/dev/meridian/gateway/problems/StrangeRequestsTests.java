package dev.meridian.gateway.problems;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.gateway.RunningGateway;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Whatever a stranger sends on a connection that stays open, an error is a problem detail, and its end can be told. */
@ExtendWith(OutputCaptureExtension.class)
class StrangeRequestsTests extends RunningGateway {

    private static final String NEXT = "GET /api/products HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    private static final Pattern ANSWER =
            Pattern.compile("(HTTP/1\\.1 (\\d{3}) .*?\r\n\r\n)(.*)", Pattern.DOTALL | Pattern.CASE_INSENSITIVE);

    private static final Pattern LENGTH = Pattern.compile("\r\ncontent-length: (\\d+)\r\n", Pattern.CASE_INSENSITIVE);

    /** What the request is answered with, and then another one on the connection if that stays open. */
    private String withNext(String line, String headers) {
        var request = line + " HTTP/1.1\r\nAuthorization: Bearer " + TOKEN + "\r\n" + headers + "\r\n";
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            var first = new StringBuilder();
            for (int next = 0; next >= 0 && !isWhole(first, line.startsWith("HEAD ")); first.append((char) next)) {
                next = socket.getInputStream().read();
            }
            if (first.indexOf("connection: close") < 0) {
                socket.getOutputStream().write(NEXT.getBytes(StandardCharsets.ISO_8859_1));
            }
            return first + new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new AssertionError("no answer", e);
        }
    }

    /** How many answers came, of as many as are awaited. */
    private int answersTo(String requests, int awaited) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(requests.getBytes(StandardCharsets.ISO_8859_1));
            var heard = new StringBuilder();
            int count = 0;
            for (int next = 0; next >= 0 && count < awaited; heard.append((char) next)) {
                next = socket.getInputStream().read();
                count = heard.toString().split("HTTP/1\\.1 200 ", -1).length - 1;
            }
            return count;
        }
    }

    private static boolean isWhole(CharSequence heard, boolean head) {
        var answer = ANSWER.matcher(heard);
        if (!answer.matches()) {
            return false;
        }
        var length = LENGTH.matcher(answer.group(1));
        return head || length.find() && answer.group(3).length() >= Integer.parseInt(length.group(1));
    }

    private String sent(String line) {
        return withNext(line, "Host: localhost\r\n");
    }

    private static void isProblem(String heard, int status, String type) {
        var answer = ANSWER.matcher(heard);
        assertThat(answer.matches()).as(heard).isTrue();
        var head = answer.group(1);
        assertThat(head)
                .startsWith("HTTP/1.1 " + status + " ")
                .containsIgnoringCase("\r\ncontent-type: application/problem+json\r\n")
                .containsIgnoringCase("\r\ndate: ");
        var length = LENGTH.matcher(head);
        assertThat(length.find()).as(head).isTrue();
        int end = Integer.parseInt(length.group(1));
        assertThat(answer.group(3).substring(0, end))
                .startsWith("{\"type\":\"https://meridian.dev/problems/" + type + "\"")
                .contains("\"status\":" + status)
                .endsWith("}");
        assertThat(answer.group(3).substring(end)).matches(next -> next.isEmpty() || next.startsWith("HTTP/1.1 200 "));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/orders?cursor=%zz",
                "/api/orders?cursor=%",
                "/api/orders?a|b=c",
                "/api/orders?cursor={x}",
                "/api//orders",
                "//api/orders",
                "/api/orders;v=1",
                "/api%2Forders",
                "/api/orders/%2F",
                "/api/orders/%00",
                "/api/orders/..;/x",
                "/api/./orders",
                "/api/../api/orders",
                "/api/orders/ x",
                "/api/products;v=1"
            })
    void anAddressThatCannotBeUnderstoodIsABadRequest(String address) {
        isProblem(sent("GET " + address), 400, "bad-request");
    }

    @ParameterizedTest
    @ValueSource(strings = {"FOO", "TRACE", "CONNECT", "PROPFIND", "get"})
    void aMethodThatNoAddressKnowsIsNotAllowed(String method) {
        var answer = sent(method + " /api/orders");
        isProblem(answer, 405, "method-not-allowed");
        assertThat(answer).containsPattern("(?i)\r\nallow: [A-Z, ]*GET");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Host:\r\n",
                "Host: a b/c\r\n",
                "Host: a,b\r\n",
                "Host: localhost\r\nHost: localhost\r\n",
                "Host: localhost\r\nHost: elsewhere\r\n"
            })
    void aRequestNamesOneHost(String hosts) {
        isProblem(withNext("GET /api/products", hosts), 400, "bad-request");
    }

    @Test
    void whatIsTooLongIsRefused() {
        isProblem(sent("GET /api/orders?" + "x".repeat(5_000)), 414, "address-too-long");
        isProblem(
                withNext("GET /api/orders", "Host: localhost\r\nX-Long: " + "x".repeat(17_000) + "\r\n"),
                431,
                "headers-too-large");
    }

    @Test
    void anAnswerToHeadHasNoBody() {
        var answers = sent("HEAD /api/orders?cursor=%");
        assertThat(answers).startsWith("HTTP/1.1 400 ").containsPattern("\r\n\r\nHTTP/1.1 200 ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"page", "mute"})
    void whatAWebServerRefusesByItselfIsAProblem(String kind) {
        isProblem(sent("GET /api/orders/" + kind + "/400"), 400, "bad-request");
        isProblem(sent("GET /api/orders/" + kind + "/405"), 405, "method-not-allowed");
        isProblem(sent("GET /api/orders/" + kind + "/431"), 431, "headers-too-large");
        isProblem(sent("GET /api/orders/" + kind + "/500"), 500, "internal-error");
        isProblem(sent("GET /api/orders/" + kind + "/505"), 500, "internal-error");
    }

    @Test
    void anUnknownExpectationIsIgnored() {
        var answer = withNext("GET /api/orders/1", "Host: localhost\r\nExpect: 200-ok\r\n");
        assertThat(answer).startsWith("HTTP/1.1 200 ").doesNotContain("200-ok");
    }

    @Test
    void anUpgradeIsIgnored(CapturedOutput output, @Autowired MeterRegistry metrics) {
        int before = output.getAll().length();
        var answers = withNext(
                "GET /api/products",
                "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n");
        assertThat(answers).startsWith("HTTP/1.1 200 ").containsPattern("(?s)working.*HTTP/1.1 200 ");
        assertThat(output.getAll().substring(before)).doesNotContain("\tat ");
        var underWay = metrics.get("meridian.gateway.under.way").tags("route", "public");
        await("its turn to be given back").until(() -> underWay.gauge().value() == 0);
    }

    @Test
    void http10GetsNoChunks() {
        var answer = raw("GET /api/orders/chunked HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer " + TOKEN
                + "\r\nConnection: keep-alive\r\n\r\n");
        assertThat(answer).containsPattern("^HTTP/1\\.[01] 200 ").doesNotContainIgnoringCase("transfer-encoding");
        assertThat(answer).containsPattern("\r\n\r\nworking\n");
    }

    @Test
    void requestsInARowAreAnswered() throws IOException {
        var first = "GET /api/orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + TOKEN + "\r\n\r\n";
        var open = "GET /api/products HTTP/1.1\r\nHost: localhost\r\n\r\n";
        assertThat(answersTo(first + open, 2)).isEqualTo(2);
        assertThat(answersTo(first + NEXT, 2)).isEqualTo(2);
        assertThat(answersTo(NEXT + open, 2)).as("nothing comes after the last").isEqualTo(1);
    }

    /** Reactor Netty may not have done with the first request when the second comes. */
    @Test
    void theLastRequestIsAnsweredHoweverSoonItComes() {
        for (int i = 0; i < 200; i++) {
            assertThat(sent("GET /login")).contains("HTTP/1.1 503 ", "HTTP/1.1 200 ");
        }
    }

    @Test
    void everyAnswerOfItsOwnHasADate() {
        for (var answer : new String[] {sent("GET /nowhere"), sent("GET /login")}) {
            assertThat(answer).containsPattern("(?i)^HTTP/1.1 [45][^{]*\r\ndate: ");
        }
    }

    @Test
    void aChallengeTellsNothingOfTheInside() {
        var challenge = Pattern.compile("(?i)\r\nwww-authenticate: (.*)\r\n");
        for (var authorization : new String[] {"", "Authorization: Bearer x\r\n"}) {
            var answer = challenge.matcher(raw(
                    "GET /api/orders HTTP/1.1\r\nHost: localhost\r\n" + authorization + "Connection: close\r\n\r\n"));
            assertThat(answer.find()).isTrue();
            assertThat(answer.group(1)).isIn("Bearer", "Bearer error=\"invalid_token\"");
        }
    }
}

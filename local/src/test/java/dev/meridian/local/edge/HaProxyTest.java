package dev.meridian.local.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.meridian.local.Address;
import dev.meridian.local.Project;
import dev.meridian.local.process.LogFile;
import dev.meridian.local.process.ManagedProcess;
import dev.meridian.local.process.NativeProgram;
import dev.meridian.local.process.Ports;
import dev.meridian.local.process.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The load balancer's rules, before a gateway that does as the test likes. */
class HaProxyTest {

    private static final Duration EJECTED = Duration.ofSeconds(3);

    @TempDir
    private static Path folder = Path.of("");

    private static final AtomicReference<ManagedProcess> BALANCER = new AtomicReference<>();
    private static final Address FRONT = new Address(Ports.free());
    private static final Address INSIDE = new Address(Ports.free());
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static final AtomicReference<HttpServer> HEALTH = new AtomicReference<>();
    private static final AtomicReference<ServerSocket> GATEWAY = new AtomicReference<>();
    private static volatile int health = 200;

    /** What the gateway does with its next requests; OK when there is nothing more. */
    private enum Deed {
        BREAK_OFF,
        HANG,
        /** As where a token is wrong. */
        REFUSE,
        /** Answers with the others that are held. */
        HOLD
    }

    private static final CountDownLatch HELD = new CountDownLatch(1);

    private static final BlockingQueue<Deed> DEEDS = new LinkedBlockingQueue<>();

    /** The heads of the requests that reached the gateway. */
    private static final BlockingQueue<List<String>> ASKED = new LinkedBlockingQueue<>();

    @BeforeAll
    static void start() throws IOException {
        Path haproxy = EdgePrograms.needed("haproxy");
        HttpServer healthServer = HttpServer.create(new InetSocketAddress(Address.HOST, 0), 0);
        healthServer.createContext("/actuator/health/readiness", exchange -> {
            try (exchange) {
                exchange.sendResponseHeaders(health, -1);
            }
        });
        healthServer.start();
        HEALTH.set(healthServer);
        ServerSocket gateway = new ServerSocket(0, 1_000, InetAddress.getByName(Address.HOST));
        GATEWAY.set(gateway);
        Thread.ofVirtual().start(() -> serve(gateway));

        NativeProgram plain = HaProxy.program(
                haproxy,
                Project.current().edge("haproxy/haproxy.cfg"),
                FRONT,
                INSIDE,
                new Address(gateway.getLocalPort()),
                new Address(healthServer.getAddress().getPort()),
                List.of());
        Map<String, String> environment = new HashMap<>(plain.environment());
        environment.put("LB_SCHEME", "https");
        Program balancer = new NativeProgram(
                plain.name(),
                plain.type(),
                plain.address(),
                plain.after(),
                plain.files(),
                plain.command(),
                environment,
                plain.probe());
        ManagedProcess process = new ManagedProcess(
                balancer, folder.resolve("lb"), new LogFile(folder.resolve("lb.log")), () -> {}, death -> {});
        BALANCER.set(process);
        process.start(Duration.ofSeconds(30), () -> false);
    }

    @AfterAll
    static void stop() throws IOException {
        ManagedProcess process = BALANCER.get();
        if (process != null) {
            process.stop();
        }
        ServerSocket gateway = GATEWAY.get();
        if (gateway != null) {
            gateway.close();
        }
        HttpServer healthServer = HEALTH.get();
        if (healthServer != null) {
            healthServer.stop(0);
        }
    }

    private static void serve(ServerSocket gateway) {
        while (!gateway.isClosed()) {
            try {
                Socket connection = gateway.accept();
                Thread.ofVirtual().start(() -> serve(connection));
            } catch (IOException e) {
                return;
            }
        }
    }

    private static void serve(Socket connection) {
        try (connection) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1));
            List<String> head = new ArrayList<>();
            for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                head.add(line);
            }
            if (head.isEmpty()) {
                return;
            }
            ASKED.add(head);
            Deed deed = DEEDS.poll();
            if (deed == Deed.BREAK_OFF) {
                return;
            }
            if (deed == Deed.HANG) {
                Thread.sleep(10_000);
                return;
            }
            if (deed == Deed.HOLD) {
                HELD.await();
            }
            String status = deed == Deed.REFUSE ? "401 Unauthorized" : "200 OK";
            connection
                    .getOutputStream()
                    .write(("HTTP/1.1 " + status + "\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                            .getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            // the balancer hung up
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @BeforeEach
    void theGatewayIsWell() {
        health = 200;
        DEEDS.clear();
        await().atMost(Duration.ofSeconds(10)).until(() -> send(get("/")).statusCode() == 200);
        ASKED.clear();
    }

    @Test
    void behindTlsTheGatewayIsToldAndBrowsersComeBackByTlsAlone() throws Exception {
        HttpResponse<String> answer = send(get("/").header("X-Forwarded-Proto", "gopher"));

        assertThat(answer.headers().firstValue("Strict-Transport-Security")).hasValue("max-age=31536000");
        assertThat(ASKED)
                .singleElement()
                .asString()
                .containsIgnoringCase("x-forwarded-proto: https")
                .doesNotContain("gopher");
    }

    @Test
    void aGatewayThatIsNotReadyGetsNoRequests() throws Exception {
        health = 503;

        await().atMost(EJECTED).until(() -> send(get("/")).statusCode() == 503);
        HttpResponse<String> answer = send(get("/"));

        assertThat(answer.body()).contains("https://meridian.dev/problems/service-unavailable");
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");
        health = 200;
        await().atMost(EJECTED).until(() -> send(get("/")).statusCode() == 200);
    }

    @Test
    void whoWaitsForAGatewayThatHangsIsToldSo() throws Exception {
        DEEDS.add(Deed.HANG);
        CompletableFuture<HttpResponse<String>> waiting =
                HTTP.sendAsync(get("/").build(), HttpResponse.BodyHandlers.ofString());
        await().atMost(EJECTED).until(() -> !ASKED.isEmpty());
        long begin = System.nanoTime();
        health = 503;

        HttpResponse<String> answer = waiting.get();

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(EJECTED);
        assertThat(answer.statusCode()).isBetween(502, 503);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    }

    @Test
    void eventStreamsTakeNoPlacesFromOtherRequests() throws Exception {
        int many = 450; // a gateway has 400 places for all other requests
        for (int i = 0; i < many; i++) {
            DEEDS.add(Deed.HOLD);
        }
        List<CompletableFuture<HttpResponse<String>>> streams = new ArrayList<>();
        for (int i = 0; i < many; i++) {
            streams.add(
                    HTTP.sendAsync(get("/api/orders/" + i + "/events").build(), HttpResponse.BodyHandlers.ofString()));
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> ASKED.size() >= many);

        assertThat(send(get("/api/orders/1")).statusCode()).isEqualTo(200);
        HELD.countDown();
        for (var stream : streams) {
            stream.get(30, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest(name = "{0}, key {1}: {2} attempts")
    @CsvSource({"GET, '', 2", "HEAD, '', 2", "POST, key, 2", "POST, '', 1", "DELETE, '', 1", "PUT, key, 1"})
    void onlyWhatMayBeSentTwiceIs(String method, String key, int attempts) throws Exception {
        DEEDS.add(Deed.BREAK_OFF);
        HttpRequest.Builder request = get("/").method(
                        method,
                        method.startsWith("P")
                                ? HttpRequest.BodyPublishers.ofString("{}")
                                : HttpRequest.BodyPublishers.noBody());
        if (!key.isEmpty()) {
            request.header("Idempotency-Key", key);
        }

        HttpResponse<String> answer;
        // On a connection of its own: on one that was used before, HAProxy hangs up as the gateway did.
        try (HttpClient fresh = HttpClient.newHttpClient()) {
            answer = fresh.send(request.build(), HttpResponse.BodyHandlers.ofString());
        }

        assertThat(ASKED).hasSize(attempts);
        assertThat(answer.statusCode()).isEqualTo(attempts == 1 ? 502 : 200);
    }

    @Test
    void claimsOfCallersArePassedOnNowhere() throws Exception {
        send(get("/").headers(
                        "X-Real-IP", "evil",
                        "X-Client-IP", "evil",
                        "True-Client-IP", "evil",
                        "Forwarded", "evil",
                        "X-Forwarded-Host", "evil",
                        "X-Forwarded-Proto", "evil",
                        "X-Forwarded-Scheme", "evil",
                        "X-Forwarded-Anything", "evil",
                        "X-Original-URL", "/evil",
                        "X-Rewrite-URL", "/evil",
                        "X-HTTP-Method-Override", "evil",
                        "X-Method-Override", "evil"));

        assertThat(ASKED).singleElement().asString().doesNotContain("evil");
    }

    @Test
    void anAddressWithoutATokenHasARate() throws Exception {
        String customer = "203.0.113.1";
        await("a refusal").atMost(Duration.ofMinutes(1)).until(() -> {
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                answers.add(HTTP.sendAsync(withAddress(customer).build(), HttpResponse.BodyHandlers.ofString()));
            }
            int last = 0;
            for (var answer : answers) {
                last = answer.get(30, TimeUnit.SECONDS).statusCode();
            }
            return last == 429;
        });

        HttpResponse<String> refused = send(withAddress(customer));

        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(refused.body()).contains("https://meridian.dev/problems/rate-limited");
        assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(send(withAddress("203.0.113.2")).statusCode()).isEqualTo(200);
        assertThat(send(withAddress(customer).header("Authorization", "Bearer x"))
                        .statusCode())
                .as("the gateway counts by subjects")
                .isEqualTo(200);
        assertThat(send(get("/")).statusCode())
                .as("the CDN looks whether we are there")
                .isEqualTo(200);
    }

    @Test
    void whoIsRefusedAgainAndAgainIsHeldToARateWhateverTokenItSends() throws Exception {
        await("a refusal by the load balancer").atMost(Duration.ofMinutes(1)).until(() -> {
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                DEEDS.add(Deed.REFUSE);
            }
            for (int i = 0; i < 500; i++) {
                HttpRequest request = withAddress("203.0.113.3")
                        .header("Authorization", "Bearer made-up")
                        .build();
                answers.add(HTTP.sendAsync(request, HttpResponse.BodyHandlers.ofString()));
            }
            int last = 0;
            for (var answer : answers) {
                last = answer.get(30, TimeUnit.SECONDS).statusCode();
            }
            return last == 429;
        });
        DEEDS.clear();

        assertThat(send(withAddress("203.0.113.4").header("Authorization", "Bearer good"))
                        .statusCode())
                .isEqualTo(200);
    }

    private static HttpRequest.Builder withAddress(String customer) {
        return get("/").header("X-Forwarded-For", customer); // as the CDN tells it
    }

    @Test
    void anAnswerOfItsOwnHasADate() throws Exception {
        HttpResponse<String> refused = send(get("/").header("x_y", "1"));

        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.headers().firstValue("Date")).isPresent();
    }

    @Test
    void itTellsItsMetricsInsideOnly() throws Exception {
        assertThat(HTTP.send(
                                HttpRequest.newBuilder(URI.create("http://" + INSIDE + "/metrics"))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .body())
                .contains("haproxy_server_status");
        assertThat(send(get("/metrics")).body()).isEqualTo("ok"); // the gateway's matter
    }

    private static HttpRequest.Builder get(String path) {
        return HttpRequest.newBuilder(URI.create("http://" + FRONT + path))
                .version(HttpClient.Version.HTTP_1_1)
                .timeout(Duration.ofSeconds(30));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}

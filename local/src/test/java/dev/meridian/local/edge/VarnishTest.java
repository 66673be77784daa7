package dev.meridian.local.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.meridian.local.Address;
import dev.meridian.local.Project;
import dev.meridian.local.process.LogFile;
import dev.meridian.local.process.ManagedProcess;
import dev.meridian.local.process.Ports;
import dev.meridian.local.process.Program;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The CDN's rules, before an origin that does as the test likes. */
class VarnishTest {

    private static final Duration SOON = Duration.ofSeconds(8);
    private static final String PRODUCTS = "/api/products";
    private static final String EVENTS = "/api/orders/1/events";
    private static final int STREAMS = 2;

    @TempDir
    private static Path folder = Path.of("");

    private static final AtomicReference<ManagedProcess> CDN = new AtomicReference<>();
    private static final Address FRONT = new Address(Ports.free());
    private static final Address INSIDE = new Address(Ports.free());
    private static final Address ORIGIN = new Address(Ports.free());
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    /** What the origin answers with. */
    private record Response(int status, Map<String, String> headers, String body) {

        static Response ok(String body, String... headers) {
            Map<String, String> all = new TreeMap<>();
            for (int i = 0; i < headers.length; i += 2) {
                all.put(headers[i], headers[i + 1]);
            }
            return new Response(200, all, body);
        }
    }

    private static volatile Response response = Response.ok("");

    /** The requests that reached the origin, without its probes. */
    private static final List<HttpExchange> ASKED = new CopyOnWriteArrayList<>();

    private static final AtomicReference<@Nullable HttpServer> SERVER = new AtomicReference<>();

    @BeforeAll
    static void start() throws IOException {
        Path varnishd = EdgePrograms.needed(Varnish.EXECUTABLE);
        openOrigin();
        Program varnish = Varnish.program(
                varnishd,
                Project.current().edge("varnish"),
                folder.resolve("cdn"),
                FRONT,
                INSIDE,
                ORIGIN,
                STREAMS,
                List.of());
        ManagedProcess process = new ManagedProcess(
                varnish, folder.resolve("cdn"), new LogFile(folder.resolve("cdn.log")), () -> {}, death -> {});
        CDN.set(process);
        process.start(Duration.ofSeconds(60), () -> false);
    }

    @AfterAll
    static void stop() {
        ManagedProcess process = CDN.get();
        if (process != null) {
            process.stop();
        }
        closeOrigin();
    }

    private static void openOrigin() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(Address.HOST, ORIGIN.port()), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", VarnishTest::answer);
        server.start();
        SERVER.set(server);
    }

    private static void closeOrigin() {
        HttpServer server = SERVER.getAndSet(null);
        if (server != null) {
            server.stop(0);
        }
    }

    private static void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            boolean probe = "close".equals(exchange.getRequestHeaders().getFirst("Connection"));
            if (!probe) {
                ASKED.add(exchange);
            }
            if (exchange.getRequestURI().getPath().equals(EVENTS)) {
                beat(exchange);
                return;
            }
            Response answer = response;
            answer.headers().forEach(exchange.getResponseHeaders()::set);
            String tag = answer.headers().get("ETag");
            if (tag != null && tag.equals(exchange.getRequestHeaders().getFirst("If-None-Match"))) {
                exchange.sendResponseHeaders(304, -1);
                return;
            }
            byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private static void beat(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
        exchange.sendResponseHeaders(200, 0);
        try {
            for (int i = 0; i < 3; i++) {
                exchange.getResponseBody().write(":\n\n".getBytes(StandardCharsets.UTF_8));
                exchange.getResponseBody().flush();
                Thread.sleep(1_000);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @BeforeEach
    void nothingIsKept() throws Exception {
        assertThat(HTTP.send(
                                HttpRequest.newBuilder(URI.create("http://" + INSIDE + "/"))
                                        .method("BAN", HttpRequest.BodyPublishers.noBody())
                                        .build(),
                                HttpResponse.BodyHandlers.discarding())
                        .statusCode())
                .isEqualTo(204);
        ASKED.clear();
    }

    /** As the CDN's probe sees it, too. */
    @AfterEach
    void theOriginIsWell() throws Exception {
        if (SERVER.get() == null) {
            openOrigin();
        }
        response = Response.ok("");
        String path = "/assets/" + System.nanoTime() + ".css";
        await().atMost(SOON).until(() -> get(path).statusCode() == 200);
    }

    @Test
    void whatMayBeKeptIsKeptForItsTime() throws Exception {
        response = Response.ok("one", "Cache-Control", "public, max-age=2");

        assertThat(get(PRODUCTS).body()).isEqualTo("one");
        response = Response.ok("two", "Cache-Control", "public, max-age=2");

        assertThat(get(PRODUCTS).body()).isEqualTo("one");
        await().atMost(SOON).until(() -> get(PRODUCTS).body().equals("two"));
    }

    @Test
    void aRefusalOfOneCallerDoesNotTakeThePlaceOfWhatIsKept() throws Exception {
        response = Response.ok("one", "Cache-Control", "public, max-age=1");
        get(PRODUCTS);
        response = new Response(429, Map.of(), "refused");

        await().atMost(SOON).until(() -> {
            assertThat(get(PRODUCTS).body()).isEqualTo("one");
            return ASKED.size() > 1;
        });
        for (int i = 0; i < 50; i++) {
            assertThat(get(PRODUCTS).body()).isEqualTo("one");
        }
    }

    @Test
    void whatIsStaleIsAskedForByItsTag() throws Exception {
        response = Response.ok("one", "Cache-Control", "max-age=1", "ETag", "\"1\"");
        get(PRODUCTS);

        await().atMost(SOON).until(() -> {
            get(PRODUCTS);
            return ASKED.size() > 1;
        });

        assertThat(ASKED.get(1).getRequestHeaders().getFirst("If-None-Match")).isEqualTo("\"1\"");
        assertThat(get(PRODUCTS).body()).isEqualTo("one");
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "Cache-Control | private, max-age=60",
                "Cache-Control | max-age=60, no-store",
                "Cache-Control | no-cache, max-age=60",
                "Cache-Control | public",
                "Set-Cookie | a=b",
                "Vary | Origin",
                "Vary | Accept-Encoding, Cookie",
                "Vary | *"
            })
    void whatMayNotBeKeptIsNot(String name, String value) throws Exception {
        response = name.equals("Cache-Control")
                ? Response.ok("one", name, value)
                : Response.ok("one", "Cache-Control", "max-age=60", name, value);

        assertThat(get(PRODUCTS).headers().firstValue("X-Cache")).hasValue("MISS");
        assertThat(get(PRODUCTS).headers().firstValue("X-Cache")).hasValue("MISS");
        assertThat(ASKED).hasSize(2);
    }

    /** A header that anybody can send must not lead a crowd past what is kept. */
    @ParameterizedTest
    @CsvSource({"Authorization", "Cookie"})
    void whoAsksForWhatEverybodyMaySeeIsNotToldToTheOrigin(String header) throws Exception {
        response = Response.ok("everybody's", "Cache-Control", "public, max-age=60");

        assertThat(get(PRODUCTS, header, "a=b").headers().firstValue("X-Cache")).hasValue("MISS");
        assertThat(ASKED.getLast().getRequestHeaders()).doesNotContainKey(header);
        assertThat(get(PRODUCTS, header, "c=d").headers().firstValue("X-Cache")).hasValue("HIT");
        assertThat(get(PRODUCTS).headers().firstValue("X-Cache")).hasValue("HIT");
    }

    @ParameterizedTest
    @CsvSource({
        "/api/products, true",
        "/api/products?a=b, true",
        "/assets/a.css, true",
        "/assets/js/a.b.js, true",
        "/api/products/, false",
        "/api/products/x.css, false",
        "/api/products%2fx.css, false",
        "/api/orders/1/x.css, false",
        "/api/orders/1;x.css, false",
        "/api/orders, false",
        "/assets/a.css?a=b, false",
        "/assets/a.html, false",
        "/assets/../api/orders/x.css, false",
        "/assets/.a/x.css, false",
        "/assets/%2e%2e/api/orders/x.css, false",
        "/assets//x.css, false",
        "/assets/a;x.css, false"
    })
    void onlyPublicAddressesAreKept(String path, boolean kept) throws Exception {
        response = Response.ok("x", "Cache-Control", "max-age=60");

        get(path);

        assertThat(get(path).headers().firstValue("X-Cache")).hasValue(kept ? "HIT" : "PASS");
    }

    @Test
    void anErrorIsNeverKept() throws Exception {
        response = new Response(404, Map.of("Cache-Control", "max-age=60"), "none");
        assertThat(get(PRODUCTS).statusCode()).isEqualTo(404);
        response = Response.ok("one", "Cache-Control", "max-age=60");

        assertThat(get(PRODUCTS).body()).isEqualTo("one");
    }

    @Test
    void whatIsLongStaleIsShownOnlyWhileTheOriginFails() throws Exception {
        response = Response.ok("one", "Cache-Control", "max-age=1");
        get(PRODUCTS);
        get("/assets/long-stale.css");
        Thread.sleep(12_000); // stale, and longer than it is shown while the origin is well

        response = Response.ok("two", "Cache-Control", "max-age=1");
        assertThat(get("/assets/long-stale.css").body()).isEqualTo("two");
        response = new Response(500, Map.of(), "internals");
        assertThat(get(PRODUCTS).body()).as("before the probe has noticed").isEqualTo("one");
        for (int i = 0; i < 6; i++) {
            Thread.sleep(500);
            assertThat(get(PRODUCTS).body()).as("while it notices").isEqualTo("one");
        }
        closeOrigin();
        HttpResponse<String> away = get(PRODUCTS);
        assertThat(away.body()).as("without an origin").isEqualTo("one");
        assertThat(away.headers().firstValue("X-Cache")).hasValue("HIT");
    }

    @Test
    void whatIsNotThereIsAProblemDetail() throws Exception {
        closeOrigin();

        for (String path : List.of(PRODUCTS, "/api/orders")) {
            HttpResponse<String> answer = get(path);
            assertThat(answer.statusCode()).isEqualTo(503);
            assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");
            assertThat(answer.body())
                    .contains("https://meridian.dev/problems/service-unavailable")
                    .doesNotContainIgnoringCase("varnish")
                    .doesNotContain("XID", "Guru");
            assertThat(answer.headers().map()).doesNotContainKeys("via", "x-varnish", "server");
        }
    }

    @Test
    void theOriginHearsNothingOfWhoAskedFirst() throws Exception {
        response = Response.ok("x", "Cache-Control", "max-age=60");

        get(
                PRODUCTS,
                "Accept",
                "application/xml",
                "Accept-Language",
                "de",
                "Origin",
                "https://evil.example",
                "Referer",
                "https://evil.example/",
                "User-Agent",
                "evil",
                "X-Forwarded-Host",
                "evil.example",
                "X-Forwarded-Scheme",
                "evil",
                "X-Original-URL",
                "/evil",
                "X-Rewrite-URL",
                "/evil",
                "X-HTTP-Method-Override",
                "EVIL",
                "Forwarded",
                "host=evil.example");

        assertThat(ASKED).singleElement().satisfies(asked -> {
            assertThat(asked.getRequestHeaders().values().toString()).doesNotContainIgnoringCase("evil");
            assertThat(asked.getRequestHeaders().getFirst("Host")).isEqualTo("cdn");
            assertThat(asked.getRequestHeaders().getFirst("Accept")).isEqualTo("*/*");
        });
    }

    @Test
    void claimsOfCallersArePassedOnNowhere() throws Exception {
        get("/api/orders", "X-Forwarded-For", "192.0.2.1", "X-Real-IP", "192.0.2.1", "X-Forwarded-Host", "evil");

        assertThat(ASKED).singleElement().satisfies(asked -> {
            assertThat(asked.getRequestHeaders().getFirst("X-Forwarded-For")).isEqualTo("127.0.0.1");
            assertThat(asked.getRequestHeaders()).doesNotContainKeys("X-real-ip", "X-forwarded-host");
            assertThat(asked.getRequestHeaders().getFirst("Host")).isEqualTo("127.0.0.1:" + FRONT.port());
        });
    }

    @Test
    void eventsComeAsTheyHappen() throws Exception {
        long begin = System.nanoTime();
        var stream = HTTP.send(request(EVENTS), HttpResponse.BodyHandlers.ofInputStream());
        int first = stream.body().read();
        long came = System.nanoTime() - begin;

        assertThat(first).isEqualTo(':');
        assertThat(Duration.ofNanos(came)).isLessThan(Duration.ofMillis(900));
        stream.body().close();
    }

    @Test
    void eventStreamsHaveSoManyPlacesAndTakeNoOthers() throws Exception {
        for (int i = 0; i < STREAMS; i++) {
            await("a stream of an earlier test may still be there").atMost(SOON).until(VarnishTest::opens);
        }

        var refused = HTTP.send(request(EVENTS + "?again"), HttpResponse.BodyHandlers.ofString());
        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(refused.headers().firstValue("Retry-After")).isPresent();
        assertThat(refused.body()).contains("https://meridian.dev/problems/service-unavailable");
        assertThat(HTTP.send(request("/api/orders/1"), HttpResponse.BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(200);
        await("a place is free again").atMost(SOON).until(VarnishTest::opens);
    }

    /** Whether there is a place for one more stream; it takes that, and lasts for three seconds. */
    private static boolean opens() throws Exception {
        return HTTP.send(request(EVENTS), HttpResponse.BodyHandlers.ofInputStream())
                        .statusCode()
                == 200;
    }

    @Test
    void killedItLeavesNoProcess() {
        ManagedProcess process = Objects.requireNonNull(CDN.get());
        long parent = process.process().orElseThrow().pid();
        List<ProcessHandle> workers =
                ProcessHandle.of(parent).orElseThrow().descendants().toList();
        assertThat(workers).isNotEmpty();

        ProcessHandle.of(parent).orElseThrow().destroyForcibly(); // it alone, as by a kill -9 from elsewhere

        await().atMost(SOON).until(() -> workers.stream().noneMatch(ProcessHandle::isAlive));
        process.start(Duration.ofSeconds(60), () -> false);
    }

    private static HttpRequest request(String path, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://" + FRONT + path)).timeout(Duration.ofSeconds(30));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return request.version(HttpClient.Version.HTTP_1_1).build();
    }

    private static HttpResponse<String> get(String path, String... headers) throws IOException, InterruptedException {
        return HTTP.send(request(path, headers), HttpResponse.BodyHandlers.ofString());
    }
}

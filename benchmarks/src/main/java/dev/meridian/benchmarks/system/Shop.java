package dev.meridian.benchmarks.system;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.classic.methods.HttpPost;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.pool.PoolConcurrencyPolicy;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import tools.jackson.databind.json.JsonMapper;

/**
 * The HTTP API as a client of it sees it, on kept-open connections. Each request is sent once, as it is, and waits no
 * longer than 10 s for its answer. Calls may come from many threads.
 *
 * <p>Of the well-kept clients Apache's classic one costs the least processor time per request; see README.md.
 */
final class Shop implements AutoCloseable {

    private static final String ORDER = """
            {"lines":[{"sku":"TEA-001","quantity":2},{"sku":"MUG-001","quantity":1}],"paymentToken":"tok_ok"}""";

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final byte[] BODY = ORDER.getBytes(StandardCharsets.UTF_8);

    private final CloseableHttpClient http;
    private final List<URI> addresses;
    private final AtomicInteger turn = new AtomicInteger();
    private volatile String authorization = "";

    /**
     * @param addresses are asked in turn
     * @param connections to each of them
     */
    Shop(List<URI> addresses, int connections) {
        this.addresses = List.copyOf(addresses);
        this.http = HttpClients.custom()
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setPoolConcurrencyPolicy(PoolConcurrencyPolicy.LAX)
                        .setMaxConnPerRoute(connections)
                        .setMaxConnTotal(connections * addresses.size())
                        .setDefaultConnectionConfig(ConnectionConfig.custom()
                                .setConnectTimeout(Timeout.ofSeconds(2))
                                .setSocketTimeout(Timeout.ofSeconds(10))
                                // Else each use costs a look at the connection.
                                .setValidateAfterInactivity(TimeValue.ofSeconds(5))
                                .build())
                        .build())
                .setDefaultRequestConfig(RequestConfig.custom()
                        .setConnectionRequestTimeout(Timeout.ofSeconds(30))
                        .setResponseTimeout(Timeout.ofSeconds(10))
                        .build())
                .disableAutomaticRetries()
                .disableRedirectHandling()
                .disableCookieManagement()
                .disableAuthCaching()
                .disableContentCompression()
                .disableDefaultUserAgent()
                .build();
    }

    /**
     * One token for all calls from now on, as the demonstration client. It lasts half an hour.
     *
     * @param from where tokens are asked for
     */
    Shop signIn(URI from) throws IOException {
        var request = new HttpPost(from.resolve("/oauth2/token"));
        request.setHeader(
                "Authorization",
                "Basic " + Base64.getEncoder().encodeToString("demo:demo".getBytes(StandardCharsets.US_ASCII)));
        request.setEntity(new ByteArrayEntity(
                "grant_type=client_credentials&scope=orders".getBytes(StandardCharsets.US_ASCII),
                ContentType.APPLICATION_FORM_URLENCODED));
        authorization = "Bearer "
                + JSON.readTree(send(request, 200).body()).path("access_token").asString();
        return this;
    }

    /** The header that all calls carry. */
    String authorization() {
        return authorization;
    }

    private record Answer(String location, String body) {}

    /** Places an order under a key of its own and returns its id. */
    String place() throws IOException {
        return place(BODY);
    }

    /** As {@link #place()}, paid otherwise: {@code tok_flaky} fails twice and then works, {@code tok_poison} fails. */
    String place(String paymentToken) throws IOException {
        return place(ORDER.replace("tok_ok", paymentToken).getBytes(StandardCharsets.UTF_8));
    }

    private String place(byte[] body) throws IOException {
        var request = new HttpPost(next().resolve("/api/orders"));
        request.setHeader("Authorization", authorization);
        request.setHeader("Idempotency-Key", UUID.randomUUID().toString());
        request.setEntity(new ByteArrayEntity(body, ContentType.APPLICATION_JSON));
        var location = send(request, 201).location();
        return location.substring(location.lastIndexOf('/') + 1);
    }

    /** The order as JSON. */
    String order(String id) throws IOException {
        var request = new HttpGet(next().resolve("/api/orders/" + id));
        request.setHeader("Authorization", authorization);
        return send(request, 200).body();
    }

    /** Whether an order as {@link #order} gives it has left its first state. */
    static boolean isSettled(String order) {
        return !order.contains("\"status\":\"PLACED\"");
    }

    private URI next() {
        return addresses.size() == 1
                ? addresses.getFirst()
                : addresses.get(Math.floorMod(turn.getAndIncrement(), addresses.size()));
    }

    private Answer send(ClassicHttpRequest request, int expected) throws IOException {
        return http.execute(request, response -> {
            var body = EntityUtils.toString(response.getEntity(), StandardCharsets.UTF_8);
            if (response.getCode() != expected) {
                throw new IOException(
                        request.getMethod() + " " + request.getPath() + ": " + response.getCode() + " " + body);
            }
            var location = response.getFirstHeader("Location");
            return new Answer(location == null ? "" : location.getValue(), body);
        });
    }

    @Override
    public void close() throws IOException {
        http.close();
    }
}

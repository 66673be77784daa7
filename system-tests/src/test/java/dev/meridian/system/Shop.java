package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The front door, as one customer's program uses it. */
final class Shop {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();

    /** Addresses of private networks, hosts of the containers' network, and names of instances. */
    private static final Pattern INSIDE = Pattern.compile(
            "\\b(127\\.\\d+\\.\\d+\\.\\d+|10\\.\\d+\\.\\d+\\.\\d+|172\\.(1[6-9]|2\\d|3[01])\\.\\d+\\.\\d+"
                    + "|192\\.168\\.\\d+\\.\\d+|[a-z-]+-dc\\d(-\\d+)?|(orders-service|gateway|identity|lb):\\d+)\\b");

    private final URI origin;
    private final String token;

    /** By name, those that keep a customer's lists from lacking what the customer placed or was shown. */
    private final Map<String, String> cookies = new ConcurrentHashMap<>();

    private Shop(URI origin, String token) {
        this.origin = origin;
        this.token = token;
    }

    /** The shop, with a token of the demonstration client. */
    static Shop open() {
        return open("demo", "orders");
    }

    /** The shop, with a token for the client, whose secret is its name. */
    static Shop open(String client, String scope) {
        return open(RunningSystem.stack().frontDoor(), client, scope);
    }

    /** As {@link #open(String, String)}, at another front door than the local stack's. */
    static Shop open(URI origin, String client, String scope) {
        String credentials =
                Base64.getEncoder().encodeToString((client + ":" + client).getBytes(StandardCharsets.UTF_8));
        Answer answer = new Shop(origin, "")
                .send(HttpRequest.newBuilder(origin.resolve("/oauth2/token"))
                        .header("Authorization", "Basic " + credentials)
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .POST(HttpRequest.BodyPublishers.ofString("grant_type=client_credentials&scope="
                                + URLEncoder.encode(scope, StandardCharsets.UTF_8))));
        if (answer.status != 200) {
            throw new IllegalStateException("No token: " + answer);
        }
        return new Shop(origin, answer.json().at("/access_token").asString());
    }

    String token() {
        return token;
    }

    record Answer(int status, HttpResponse<String> response) {

        JsonNode json() {
            return JsonMapper.shared().readTree(response.body());
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        /** The last part of the problem's type. */
        String problem() {
            if (!header("Content-Type").startsWith("application/problem+json")) {
                return "not a problem detail: " + this;
            }
            String type = json().path("type").asString("");
            return type.substring(type.lastIndexOf('/') + 1);
        }

        String status(String pointer) {
            return json().at(pointer).asString();
        }

        @Override
        public String toString() {
            return status + " " + response.body();
        }
    }

    static String order(String sku, int quantity, String paymentToken) {
        return """
                {"lines":[{"sku":"%s","quantity":%d}],"paymentToken":"%s"}""".formatted(sku, quantity, paymentToken);
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(origin.resolve(path)).timeout(TIMEOUT);
    }

    HttpRequest.Builder asMe(String path) {
        HttpRequest.Builder request = request(path).header("Authorization", "Bearer " + token);
        String cookie = cookies.entrySet().stream()
                .map(kept -> kept.getKey() + "=" + kept.getValue())
                .collect(Collectors.joining("; "));
        return cookie.isEmpty() || !path.startsWith("/api/orders") ? request : request.header("Cookie", cookie);
    }

    Answer place(String key, String body) {
        return send(asMe("/api/orders")
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", key)
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    /** Places an order that must be taken, if need be at the second try. @return its id */
    String place(String body) {
        String key = UUID.randomUUID().toString();
        Answer answer = onceServed(() -> place(key, body));
        if (answer.status != 200 && answer.status != 201) {
            throw new IllegalStateException("Not placed: " + answer);
        }
        return answer.status("/id");
    }

    Answer order(String id) {
        return send(asMe("/api/orders/" + id));
    }

    /** The order once it is no longer {@code PLACED}. */
    JsonNode settled(String id, Duration atMost) {
        return await("order " + id + " to settle")
                .atMost(atMost)
                .pollInterval(Duration.ofMillis(50))
                .until(
                        () -> order(id),
                        answer -> answer.status == 200
                                && !answer.status("/status").equals("PLACED"))
                .json();
    }

    Answer send(HttpRequest.Builder request) {
        Answer answer = trySend(request);
        if (answer == null) {
            throw new IllegalStateException("No answer from " + request.build().uri());
        }
        answer.response.headers().allValues("Set-Cookie").forEach(this::keep);
        return answer;
    }

    /**
     * The first answer that is not "come back later": a machine that starts a dozen JVMs may have no healthy instance for a
     * moment. Only for what may be sent twice.
     */
    static Answer onceServed(Supplier<Answer> sending) {
        return await("an answer that is no 503 or 504")
                .atMost(TIMEOUT)
                .until(sending::get, answer -> answer.status != 503 && answer.status != 504);
    }

    private void keep(String cookie) {
        String[] pair = cookie.split(";", 2)[0].split("=", 2);
        if (cookie.contains("Max-Age=0;")) {
            cookies.remove(pair[0]);
        } else if (pair[0].startsWith("meridian-newest-order-")) {
            cookies.put(pair[0], pair[1]);
        }
    }

    /** An answer tells nothing of the inside. An operator may ask for the topology, and the description has an example. */
    private static void staysInside(HttpResponse<String> answer) {
        if (!Set.of("/api/topology", "/api/openapi").contains(answer.uri().getPath())) {
            assertThat(answer.headers().map() + answer.body())
                    .as("the answer to %s", answer.request())
                    .doesNotContainPattern(INSIDE);
        }
    }

    /** The answer; null where the connection failed or the time-out passed. */
    static @Nullable Answer trySend(HttpRequest.Builder request) {
        try {
            HttpResponse<String> response =
                    HTTP.send(request.timeout(TIMEOUT).build(), HttpResponse.BodyHandlers.ofString());
            staysInside(response);
            return new Answer(response.statusCode(), response);
        } catch (IOException e) {
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}

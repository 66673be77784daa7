package dev.meridian.orders;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The service as a client sees it. Every answer is checked against the {@link OpenApi description}. */
public final class Api {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final HttpClient HTTP =
            HttpClient.newBuilder().connectTimeout(TIMEOUT).build();

    private final String address;

    /** As a browser keeps them, by name: what was shown or written is not missing from what is read next. */
    private final Map<String, String> cookies = new ConcurrentHashMap<>();

    public Api(int port) {
        this.address = "127.0.0.1:" + port;
    }

    public record Answer(int status, HttpResponse<String> response) {

        public JsonNode json() {
            return JsonMapper.shared().readTree(response.body());
        }

        public String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        /** The last part of the problem's type. */
        public String problem() {
            String type = json().path("type").asString("");
            return header("Content-Type").startsWith("application/problem+json")
                    ? type.substring(type.lastIndexOf('/') + 1)
                    : "not a problem detail: " + response.body();
        }
    }

    public static String order(String sku, int quantity) {
        return """
                {"lines":[{"sku":"%s","quantity":%d}],"paymentToken":"tok_ok"}""".formatted(sku, quantity);
    }

    public Answer place(String customer, String body) {
        return place(customer, UUID.randomUUID().toString(), body);
    }

    /** The description allows a body that is accepted, and does not allow one that breaks a rule. */
    public Answer place(String customer, String key, String body) {
        Answer answer = send(post(body).header("Idempotency-Key", key), Tokens.of(customer));
        boolean placed = answer.status() == 201;
        if (placed || answer.problem().equals("invalid-request")) {
            assertThat(OpenApi.DESCRIPTION.allows("POST /api/orders", body))
                    .as("%s was answered %d", body, answer.status())
                    .isEqualTo(placed);
        }
        return answer;
    }

    /** @param headers name and value in turn */
    public Answer cancel(String customer, String orderId, String... headers) {
        HttpRequest.Builder request =
                request("/api/orders/" + orderId + "/cancellation").POST(HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request, Tokens.of(customer));
    }

    public HttpRequest.Builder post(String body) {
        return request("/api/orders")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
    }

    public HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://" + address + path)).timeout(TIMEOUT);
    }

    public Answer get(String path, @Nullable String token) {
        return send(request(path), token);
    }

    public Answer send(HttpRequest.Builder request, @Nullable String token) {
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        try {
            String known = cookies.entrySet().stream()
                    .map(cookie -> cookie.getKey() + "=" + cookie.getValue())
                    .collect(Collectors.joining("; "));
            if (!known.isEmpty() && !request.copy().build().headers().map().containsKey("Cookie")) {
                request.header("Cookie", known);
            }
            HttpResponse<String> response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
            response.headers().allValues("Set-Cookie").forEach(this::keep);
            var answer = new Answer(response.statusCode(), response);
            assertThat(response.headers().map() + response.body())
                    .as("an answer does not name the instance's own address")
                    .doesNotContain(address);
            String method = response.request().method();
            OpenApi.DESCRIPTION.check(
                    method,
                    response.uri().getPath(),
                    answer.status,
                    answer::header,
                    method.equals("HEAD") ? null : response.body());
            return answer;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void keep(String cookie) {
        String[] pair = cookie.split(";", 2)[0].split("=", 2);
        if (cookie.contains("Max-Age=0;")) {
            cookies.remove(pair[0]);
        } else {
            cookies.put(pair[0], pair[1]);
        }
    }

    /** The names of the cookies that are kept. */
    public Set<String> cookies() {
        return Set.copyOf(cookies.keySet());
    }
}

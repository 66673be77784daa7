package dev.meridian.system.faults;

import dev.meridian.system.faults.Call.Reply;
import dev.meridian.system.faults.Call.Seen;
import dev.meridian.system.faults.Call.State;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A customer's program at the front door, with a token and the cookies that it was given. Used by one thread.
 *
 * <p>The cookies are kept as a browser keeps them; the JDK's own jar sends them in quotes (RFC 2965).
 */
final class Session implements AutoCloseable {

    /** Longer than anything in the system waits before it answers, so that a hang shows as one. */
    private static final Duration CALL_LIMIT = Duration.ofSeconds(12);

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();

    private final URI frontDoor;
    private final String customer;
    private final Map<String, String> cookies = new TreeMap<>();
    private @Nullable String token;

    /** @param customer a client of the issuer, whose secret is its name */
    Session(URI frontDoor, String customer) {
        this.frontDoor = frontDoor;
        this.customer = customer;
    }

    String customer() {
        return customer;
    }

    /** Gets a token, unless there is one that is not known to be refused. */
    boolean isSignedIn() {
        if (token == null) {
            String credentials =
                    Base64.getEncoder().encodeToString((customer + ":" + customer).getBytes(StandardCharsets.UTF_8));
            try {
                HttpResponse<String> answer = send(HttpRequest.newBuilder(frontDoor.resolve("/oauth2/token"))
                        .header("Authorization", "Basic " + credentials)
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .POST(HttpRequest.BodyPublishers.ofString("grant_type=client_credentials&scope=orders")));
                if (answer.statusCode() == 200) {
                    token = JsonMapper.shared()
                            .readTree(answer.body())
                            .at("/access_token")
                            .asString();
                }
            } catch (NoAnswer | JacksonException e) {
                return false;
            }
        }
        return token != null;
    }

    Reply get(String path) {
        return call(request(path));
    }

    Reply post(String path, String body, Map<String, String> headers) {
        HttpRequest.Builder request = request(path).POST(HttpRequest.BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        headers.forEach(request::header);
        return call(request);
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(frontDoor.resolve(path)).header("Authorization", "Bearer " + token);
        if (!cookies.isEmpty()) {
            request.header(
                    "Cookie",
                    cookies.entrySet().stream()
                            .map(cookie -> cookie.getKey() + "=" + cookie.getValue())
                            .collect(Collectors.joining("; ")));
        }
        return request;
    }

    private Reply call(HttpRequest.Builder request) {
        try {
            HttpResponse<String> answer = send(request);
            answer.headers().allValues("Set-Cookie").forEach(this::keep);
            if (answer.statusCode() == 401) {
                token = null; // the issuer may have another key since
            }
            if (answer.headers().firstValue("Meridian-Stale").isPresent()) {
                // What the replica has while the primary is away: it says itself that it may be old.
                return new Reply.Silence("stale");
            }
            return answer.statusCode() / 100 == 2 ? shown(answer) : refused(answer);
        } catch (NoAnswer e) {
            return new Reply.Silence(String.valueOf(e.getMessage()));
        } catch (JacksonException | IllegalArgumentException e) {
            return new Reply.Refused(200, "unreadable: " + e);
        }
    }

    private void keep(String cookie) {
        String[] pair = cookie.split(";", 2)[0].strip().split("=", 2);
        if (pair.length == 2 && !cookie.matches("(?i).*;\\s*max-age=0\\b.*")) {
            cookies.put(pair[0], pair[1]);
        } else {
            cookies.remove(pair[0]);
        }
    }

    private static Reply shown(HttpResponse<String> answer) {
        JsonNode body = JsonMapper.shared().readTree(answer.body());
        List<Seen> orders = new ArrayList<>();
        if (body.has("orders")) {
            body.at("/orders").forEach(order -> orders.add(seen(order)));
        } else {
            orders.add(seen(body));
        }
        return new Reply.Shown(answer.statusCode(), orders, body.has("nextCursor"));
    }

    private static Seen seen(JsonNode order) {
        return new Seen(
                UUID.fromString(order.at("/id").asString()),
                order.at("/version").asLong(),
                State.valueOf(order.at("/status").asString()));
    }

    private static Reply refused(HttpResponse<String> answer) {
        String type = answer.headers().firstValue("Content-Type").orElse("").startsWith("application/problem+json")
                ? JsonMapper.shared().readTree(answer.body()).path("type").asString("")
                : "";
        return new Reply.Refused(answer.statusCode(), type.substring(type.lastIndexOf('/') + 1));
    }

    /** The connection failed, or the answer was not there in time. */
    private static final class NoAnswer extends Exception {

        NoAnswer(Throwable cause) {
            super(cause.toString(), cause);
        }
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws NoAnswer {
        // The request's own time-out ends with the headers; this one is for the whole answer.
        CompletableFuture<HttpResponse<String>> answer =
                http.sendAsync(request.timeout(CALL_LIMIT).build(), HttpResponse.BodyHandlers.ofString());
        try {
            return answer.get(CALL_LIMIT.toMillis() + 1_000, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new NoAnswer(e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw new NoAnswer(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            answer.cancel(true);
            throw new NoAnswer(e);
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}

package dev.meridian.gateway;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.Assertions;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.route.builder.RouteLocatorBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.http.HttpStatus;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/**
 * The gateway on a port of its own. Of <code>orders-service</code> three instances are registered: one that works, one
 * that is dead, and one that works but says it is not ready. Of <code>identity</code> there is none.
 */
@SpringBootTest(
        classes = {Gateway.class, RunningGateway.Trials.class},
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "eureka.client.enabled=false",
            "management.server.port=0",
            "meridian.issuer=" + Issuer.NAME,
            "meridian.jwk-set-uri=${test.other-key-set:${test.key-set}}",
            "spring.cloud.gateway.server.webflux.httpclient.response-timeout=2s",
            "spring.cloud.loadbalancer.health-check.interval=5s", // a busy build must not look like a dead instance
            "spring.cloud.loadbalancer.health-check.refetch-instances-interval=6s",
            "meridian.limits.rate=10",
            "meridian.limits.burst=1000", // enough for all tests of one subject
            "meridian.limits.concurrency=20",
            "meridian.limits.request-time=2s",
            "meridian.limits.redis.timeout=1s", // a busy build must not look like a hanging Redis
            "meridian.limits.retries.saved=50"
        })
public abstract class RunningGateway {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    protected static final Upstream WORKING = new Upstream("working");
    protected static final Upstream UNREADY = new Upstream("unready");
    protected static final Upstream TRIAL = new Upstream("trial");
    protected static final Issuer ISSUER = new Issuer();
    protected static final OwnRedis REDIS = new OwnRedis();
    protected static final String TOKEN = ISSUER.token(Issuer.claims().build());

    private static final HttpClient CLIENT =
            HttpClient.newBuilder().connectTimeout(TIMEOUT).build();

    @LocalServerPort
    protected int port;

    @DynamicPropertySource
    static void registry(DynamicPropertyRegistry settings) {
        var instances = "spring.cloud.discovery.client.simple.instances.orders-service";
        settings.add("test.key-set", ISSUER::keySet);
        settings.add("spring.data.redis.host", () -> "127.0.0.1");
        settings.add("spring.data.redis.port", REDIS::port);
        settings.add(instances + "[0].uri", () -> "http://127.0.0.1:" + WORKING.port());
        settings.add(instances + "[0].metadata[management.port]", WORKING::port);
        settings.add(instances + "[1].uri", () -> "http://127.0.0.1:" + Upstream.closedPort());
        settings.add(instances + "[1].metadata[management.port]", WORKING::port); // so it is taken for ready
        settings.add(instances + "[2].uri", () -> "http://127.0.0.1:" + UNREADY.port());
        settings.add(instances + "[2].metadata[management.port]", UNREADY::port);
        var failing = "spring.cloud.discovery.client.simple.instances.failing";
        settings.add(failing + "[0].uri", () -> "http://127.0.0.1:" + TRIAL.port());
        settings.add(failing + "[0].metadata[management.port]", TRIAL::port);
        settings.add(failing + "[1].uri", () -> "http://localhost:" + TRIAL.port());
        settings.add(failing + "[1].metadata[management.port]", TRIAL::port);
    }

    @TestConfiguration(proxyBeanMethods = false)
    static class Trials {

        @Bean
        RouteLocator trials(RouteLocatorBuilder routes) {
            var trial = "http://127.0.0.1:" + TRIAL.port();
            return routes.routes()
                    .route(
                            "failing",
                            route -> route.path("/trial/failing/**")
                                    .filters(filters -> filters.retry(retry -> retry.setRetries(2)
                                            .setSeries()
                                            .setStatuses(HttpStatus.SERVICE_UNAVAILABLE)
                                            .setExceptions(IOException.class)
                                            .setBackoff(Duration.ofMillis(1), Duration.ofMillis(5), 2, false)))
                                    .uri("lb://failing"))
                    .route("breaking", route -> route.path("/trial/breaking/**").uri(trial))
                    .route(
                            "answering",
                            route -> route.path("/trial/answering/**").uri(trial))
                    .route(
                            "busy",
                            route -> route.path("/trial/busy/**")
                                    .metadata("response-timeout", TIMEOUT.toMillis())
                                    .uri(trial))
                    .route(
                            "streaming",
                            route -> route.path("/trial/streaming/**")
                                    .metadata("response-timeout", TIMEOUT.toMillis())
                                    .metadata("streams", true)
                                    .uri(trial))
                    .build();
        }
    }

    public HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(TIMEOUT);
    }

    protected HttpRequest.Builder withToken(String path) {
        return to(path).header("Authorization", "Bearer " + TOKEN);
    }

    protected static HttpRequest.Builder post(HttpRequest.Builder request, BodyPublisher body) {
        return request.POST(body).header("Content-Type", "application/json");
    }

    protected static HttpRequest.Builder post(HttpRequest.Builder request) {
        return post(request, BodyPublishers.ofString("{}"));
    }

    protected static String tokenOf(String subject) {
        return ISSUER.token(Issuer.claims().subject(subject).build());
    }

    protected HttpRequest.Builder by(String subject, String path) {
        return to(path).header("Authorization", "Bearer " + tokenOf(subject));
    }

    protected static CompletableFuture<HttpResponse<String>> later(HttpRequest.Builder request) {
        return CLIENT.sendAsync(request.build(), BodyHandlers.ofString());
    }

    /** What is sent and received byte by byte, since clients refuse to send what a stranger may. */
    protected String raw(String request) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) TIMEOUT.toMillis());
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError("no answer", e);
        }
    }

    protected static HttpResponse<String> answer(HttpRequest.Builder request) {
        try {
            return CLIENT.send(request.build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError("no answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    protected static void isProblem(HttpResponse<String> answer, int status, String type) {
        Assertions.assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        Assertions.assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        Assertions.assertThat(answer.body())
                .contains("\"type\":\"https://meridian.dev/problems/" + type + "\"")
                .contains("\"status\":" + status);
    }
}

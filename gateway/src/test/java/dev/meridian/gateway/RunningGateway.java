package dev.meridian.gateway;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import org.assertj.core.api.Assertions;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/**
 * The gateway on a port of its own. Of <code>orders-service</code> three instances are registered: one that works, one
 * that is dead, and one that works but says it is not ready. Of <code>identity</code> there is none.
 */
@SpringBootTest(
        webEnvironment = WebEnvironment.RANDOM_PORT,
        properties = {
            "eureka.client.enabled=false",
            "management.server.port=0",
            "meridian.issuer=" + Issuer.NAME,
            "spring.cloud.gateway.server.webflux.httpclient.response-timeout=2s",
            "spring.cloud.loadbalancer.health-check.interval=5s", // a busy build must not look like a dead instance
            "spring.cloud.loadbalancer.health-check.refetch-instances-interval=6s"
        })
abstract class RunningGateway {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    static final Upstream WORKING = new Upstream("working");
    static final Upstream UNREADY = new Upstream("unready");
    static final Issuer ISSUER = new Issuer();
    static final String TOKEN = ISSUER.token(Issuer.claims().build());

    private static final HttpClient CLIENT =
            HttpClient.newBuilder().connectTimeout(PATIENCE).build();

    @LocalServerPort
    int port;

    @DynamicPropertySource
    static void registry(DynamicPropertyRegistry settings) {
        var instances = "spring.cloud.discovery.client.simple.instances.orders-service";
        settings.add("meridian.jwk-set-uri", ISSUER::keySet);
        settings.add(instances + "[0].uri", () -> "http://127.0.0.1:" + WORKING.port());
        settings.add(instances + "[0].metadata[management.port]", WORKING::port);
        settings.add(instances + "[1].uri", () -> "http://127.0.0.1:" + Upstream.closedPort());
        settings.add(instances + "[2].uri", () -> "http://127.0.0.1:" + UNREADY.port());
        settings.add(instances + "[2].metadata[management.port]", UNREADY::port);
    }

    HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(PATIENCE);
    }

    HttpRequest.Builder withToken(String path) {
        return to(path).header("Authorization", "Bearer " + TOKEN);
    }

    static HttpRequest.Builder post(HttpRequest.Builder request, BodyPublisher body) {
        return request.POST(body).header("Content-Type", "application/json");
    }

    static HttpRequest.Builder post(HttpRequest.Builder request) {
        return post(request, BodyPublishers.ofString("{}"));
    }

    static HttpResponse<String> answer(HttpRequest.Builder request) {
        try {
            return CLIENT.send(request.build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new AssertionError("no answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    static void isProblem(HttpResponse<String> answer, int status, String type) {
        Assertions.assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        Assertions.assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        Assertions.assertThat(answer.body())
                .contains("\"type\":\"https://meridian.dev/problems/" + type + "\"")
                .contains("\"status\":" + status);
    }
}

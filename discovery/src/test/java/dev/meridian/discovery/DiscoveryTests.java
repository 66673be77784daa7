package dev.meridian.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;

@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = "management.server.port=0")
class DiscoveryTests {

    private static final String INSTANCE = """
            {"instance": {
              "instanceId": "orders-service-1", "app": "ORDERS-SERVICE", "vipAddress": "orders-service",
              "hostName": "127.0.0.1", "ipAddr": "127.0.0.1", "status": "UP",
              "port": {"$": 8101, "@enabled": "true"},
              "dataCenterInfo": {"@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
              "leaseInfo": {"renewalIntervalInSecs": 1, "durationInSecs": 1}
            }}
            """;

    private static final String CREDENTIALS = basic("registry:registry");

    private final HttpClient client = HttpClient.newHttpClient();

    @LocalServerPort
    int port;

    @Test
    void forgetsAnInstanceSecondsAfterItsLastSignOfLife() throws Exception {
        var registration = HttpRequest.newBuilder(apps())
                .header("Content-Type", "application/json")
                .header("Authorization", CREDENTIALS)
                .POST(BodyPublishers.ofString(INSTANCE))
                .build();
        assertThat(client.send(registration, BodyHandlers.discarding()).statusCode())
                .isEqualTo(204);
        assertThat(status()).isEqualTo(200);

        await().atMost(Duration.ofSeconds(15)).until(() -> status() == 404);
    }

    /** As some ten instances do in a minute; with a hash for each it would take a minute of processor time. */
    @Test
    void aSignOfLifeCostsNoHash() throws Exception {
        long begin = System.nanoTime();
        for (int i = 0; i < 600; i++) {
            assertThat(status()).isEqualTo(404);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(30));
    }

    @Test
    void nobodyElseRegistersOrLooksAround() throws Exception {
        for (String credentials : new String[] {"", basic("registry:guessed"), basic("registry:")}) {
            for (String method : new String[] {"POST", "GET", "DELETE"}) {
                var request = HttpRequest.newBuilder(apps())
                        .header("Content-Type", "application/json")
                        .method(method, BodyPublishers.ofString(INSTANCE));
                if (!credentials.isEmpty()) {
                    request.header("Authorization", credentials);
                }
                assertThat(client.send(request.build(), BodyHandlers.discarding())
                                .statusCode())
                        .isEqualTo(401);
            }
        }
        assertThat(status()).isEqualTo(404);
    }

    private static String basic(String credentials) {
        return "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes(UTF_8));
    }

    private int status() throws Exception {
        return client.send(
                        HttpRequest.newBuilder(apps())
                                .header("Authorization", CREDENTIALS)
                                .build(),
                        BodyHandlers.discarding())
                .statusCode();
    }

    private URI apps() {
        return URI.create("http://127.0.0.1:" + port + "/eureka/apps/ORDERS-SERVICE");
    }
}

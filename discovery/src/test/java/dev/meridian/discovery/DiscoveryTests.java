package dev.meridian.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
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

    private final HttpClient client = HttpClient.newHttpClient();

    @LocalServerPort
    int port;

    @Test
    void forgetsAnInstanceSecondsAfterItsLastSignOfLife() throws Exception {
        var registration = HttpRequest.newBuilder(apps())
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(INSTANCE))
                .build();
        assertThat(client.send(registration, BodyHandlers.discarding()).statusCode())
                .isEqualTo(204);
        assertThat(status()).isEqualTo(200);

        await().atMost(Duration.ofSeconds(15)).until(() -> status() == 404);
    }

    private int status() throws Exception {
        return client.send(HttpRequest.newBuilder(apps()).build(), BodyHandlers.discarding())
                .statusCode();
    }

    private URI apps() {
        return URI.create("http://127.0.0.1:" + port + "/eureka/apps/ORDERS-SERVICE");
    }
}

package dev.meridian.system.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KeptConnectionsTest {

    private final HttpServer server = server();
    private final URI address =
            URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    private final AtomicInteger asked = new AtomicInteger();
    private final KeptConnections connections = new KeptConnections(address);

    private static HttpServer server() {
        try {
            return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @BeforeEach
    void start() {
        serve("/eureka/apps", () -> """
                {"applications":{"application":[{"name":"ORDERS-SERVICE","instance":[
                  {"instanceId":"orders-1","ipAddr":"127.0.0.1","metadata":{"management.port":"%d"}},
                  {"instanceId":"other","ipAddr":"127.0.0.1","metadata":{"zone":"dc1"}}]}]}}""".formatted(server.getAddress().getPort()));
        server.start();
    }

    @AfterEach
    void stop() {
        connections.close();
        server.stop(0);
    }

    private void serve(String path, java.util.function.Supplier<String> body) {
        server.createContext(path, exchange -> {
            byte[] bytes = body.get().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
    }

    private static String metrics(int writer) {
        return """
                # TYPE hikaricp_connections_active gauge
                hikaricp_connections_active{application="orders-service",pool="reader"} 0.0
                hikaricp_connections_active{application="orders-service",pool="writer"} %d.0
                hikaricp_connections_idle{application="orders-service",pool="writer"} 7.0
                """.formatted(writer);
    }

    @Test
    void aConnectionThatIsOutEachTimeIsKept() throws Exception {
        serve("/actuator/prometheus", () -> metrics(1 + asked.incrementAndGet() % 2));

        assertThat(connections.within(Duration.ofMillis(200))).containsExactly("orders-1, writer: 1");
        assertThat(asked).hasValueGreaterThan(1);
    }

    @Test
    void oneThatComesBackIsNot() throws Exception {
        serve("/actuator/prometheus", () -> metrics(asked.incrementAndGet() < 3 ? 2 : 0));

        assertThat(connections.within(Duration.ofSeconds(30))).isEmpty();
        assertThat(asked).hasValue(3);
    }

    @Test
    void anInstanceThatDoesNotTellIsNoneThatKeepsNothing() {
        assertThatThrownBy(() -> connections.within(Duration.ofSeconds(1))).isInstanceOf(IOException.class);
    }
}

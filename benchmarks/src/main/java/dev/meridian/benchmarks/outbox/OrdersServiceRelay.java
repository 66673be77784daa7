package dev.meridian.benchmarks.outbox;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/**
 * The relay within orders-service: its instances are orders-service's, alone with PostgreSQL and Kafka. Orders are
 * placed through its HTTP API, since that is what wakes the relay.
 */
final class OrdersServiceRelay implements Relay {
    private static final Pattern LOCATION = Pattern.compile("/api/orders/([0-9a-f-]{36})");
    private static final String ORDER = """
            {"lines":[{"sku":"TEA-001","quantity":2},{"sku":"MUG-001","quantity":1}],"paymentToken":"tok_ok"}""";

    private final Servers servers;
    private final Path jar;
    private final Path logs;
    private final TokenIssuer issuer = new TokenIssuer();
    private final String authorization = "Bearer " + issuer.token(Duration.ofHours(2));
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final List<Instance> instances = new ArrayList<>();
    private final AtomicLong turn = new AtomicLong();

    private record Instance(int port, int managementPort, Process process) {}

    OrdersServiceRelay(Servers servers, Path jar, Path logs) throws IOException, GeneralSecurityException {
        this.servers = servers;
        this.jar = jar;
        this.logs = logs;
    }

    @Override
    public String name() {
        return "orders-service";
    }

    @Override
    public String settings() {
        return "as it is deployed";
    }

    @Override
    public String database() {
        return "orders";
    }

    @Override
    public void prepare() throws SQLException {
        instances.clear();
        try (var connection = servers.connect(database());
                var statement = connection.createStatement()) {
            statement.execute("DROP SCHEMA public CASCADE");
            statement.execute("CREATE SCHEMA public AUTHORIZATION orders_migrator");
            statement.execute("GRANT USAGE ON SCHEMA public TO orders");
        }
    }

    @Override
    public Process start(String name) throws IOException {
        int port = freePort();
        int managementPort = freePort();
        var starting = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx192m",
                        "-XX:+UseSerialGC",
                        "-jar",
                        jar.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        logs.resolve(name + ".log").toFile()));
        starting.environment()
                .putAll(Map.ofEntries(
                        Map.entry("SERVER_ADDRESS", "127.0.0.1"),
                        Map.entry("SERVER_PORT", Integer.toString(port)),
                        Map.entry("MANAGEMENT_SERVER_ADDRESS", "127.0.0.1"),
                        Map.entry("MANAGEMENT_SERVER_PORT", Integer.toString(managementPort)),
                        Map.entry("MERIDIAN_ISSUER", TokenIssuer.ISSUER),
                        Map.entry("MERIDIAN_JWKSETURI", issuer.keySetUri()),
                        Map.entry("MERIDIAN_POSTGRES", servers.postgres()),
                        Map.entry("SPRING_DATA_REDIS_PORT", Integer.toString(freePort())),
                        Map.entry("SPRING_KAFKA_BOOTSTRAPSERVERS", servers.bootstrapServers()),
                        Map.entry("EUREKA_CLIENT_ENABLED", "false")));
        var process = starting.start();
        instances.add(new Instance(port, managementPort, process));
        return process;
    }

    @Override
    public boolean ready(int count) {
        return instances.stream().filter(this::ready).count() == count;
    }

    private boolean ready(Instance instance) {
        try {
            var request = HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + instance.managementPort() + "/actuator/health/readiness"))
                    .timeout(Duration.ofSeconds(2))
                    .build();
            return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException notYet) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void insert(Connection connection, List<Event> events) throws SQLException {
        try (var insert = connection.prepareStatement("""
                INSERT INTO outbox (order_id, topic, type, payload, created_at)
                VALUES (?, ?, 'dev.meridian.order.placed', ?, now())""")) {
            for (var event : events) {
                insert.setObject(1, event.key());
                insert.setString(2, OutboxBenchmark.TOPIC);
                insert.setString(3, event.json());
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    @Override
    public String placedTopic() {
        return "orders.placed";
    }

    @Override
    public UUID place() throws IOException, InterruptedException {
        var alive = instances.stream()
                .filter(instance -> instance.process().isAlive())
                .toList();
        var instance = alive.get((int) (turn.getAndIncrement() % alive.size()));
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + instance.port() + "/api/orders"))
                .timeout(Duration.ofSeconds(20))
                .header("Authorization", authorization)
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", UUID.randomUUID().toString())
                .POST(HttpRequest.BodyPublishers.ofString(ORDER))
                .build();
        var response = client.send(request, HttpResponse.BodyHandlers.ofString());
        var location =
                LOCATION.matcher(response.headers().firstValue("Location").orElse(""));
        if (response.statusCode() != 201 || !location.matches()) {
            throw new IOException("Not placed: " + response.statusCode() + " " + response.body());
        }
        return UUID.fromString(location.group(1));
    }

    @Override
    public Map<UUID, Instant> committed(Connection connection) throws SQLException {
        return NamastackRelay.committed(connection, "orders");
    }

    @Override
    public int pending(Connection connection) throws SQLException {
        try (var statement = connection.createStatement();
                var count = statement.executeQuery("SELECT count(*) FROM outbox")) {
            count.next();
            return count.getInt(1);
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() {
        client.close();
        issuer.close();
    }
}

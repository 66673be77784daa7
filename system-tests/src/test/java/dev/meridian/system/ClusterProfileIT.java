package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.meridian.local.Address;
import dev.meridian.local.Stack;
import dev.meridian.local.StackSettings;
import dev.meridian.local.process.Ports;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The services as clusters start them, with the profile <code>production</code>: secrets as files, and TLS. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClusterProfileIT {

    private static final Duration STARTED = Duration.ofSeconds(90);

    private static final String WRONG_NAME = "matching localhost found";

    /** Of a key that nobody signs with. */
    private static final String KEYS =
            "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"k\",\"use\":\"sig\",\"n\":\"%s\",\"e\":\"AQAB\"}]}"
                    .formatted("x".repeat(342));

    @TempDir
    private static Path folder = Path.of("");

    private final HttpClient http = HttpClient.newHttpClient();
    private Stack stack;
    private HttpServer issuer;
    private TlsFront.Certificate certificate;
    private TlsFront primary;
    private TlsFront replica;
    private TlsFront redis;
    private TlsFront kafka;

    @BeforeAll
    void serveByTls() throws Exception {
        stack = Stack.start(
                StackSettings.isolated(Path.of("target", "cluster-profile"))
                        .withFresh(true)
                        .withServices(false),
                System.out::println);
        certificate = TlsFront.Certificate.of(folder, "localhost");
        primary = TlsFront.ofPostgres(certificate, stack.postgresPrimary().port());
        replica = TlsFront.ofPostgres(certificate, stack.postgresReplica().port());
        redis = TlsFront.of(certificate, stack.redis().port());
        kafka = TlsFront.of(certificate, broker());
        for (String role : List.of("orders", "orders_migrator", "fulfilment", "fulfilment_migrator")) {
            superuser("ALTER ROLE " + role + " PASSWORD 'own " + role + "'");
        }
        issuer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        issuer.start(); // without keys
    }

    @AfterAll
    void stop() throws IOException {
        issuer.stop(0);
        for (TlsFront front : List.of(primary, replica, redis, kafka)) {
            front.close();
        }
        stack.close();
    }

    @Test
    void ordersServiceIsReadyOnceAJobHasMigratedAndTheIssuerAnswers() throws Exception {
        assertThat(only(start("orders-service", Map.of()).ended(false)))
                .startsWith("orders-service does not start: its database lacks the migrations 1, 2, ");

        migrate("orders-service", "orders_migrator");
        int management = Ports.free();
        try (ServiceJar service = start("orders-service", Map.of("MANAGEMENT_SERVER_PORT", "" + management))) {
            await("it to tell what it waits for")
                    .atMost(STARTED)
                    .until(() -> readiness(management) == 503 && service.said().contains("Not ready: the issuer"));
            issuer.createContext("/keys", exchange -> {
                byte[] keys = KEYS.getBytes(StandardCharsets.US_ASCII);
                exchange.sendResponseHeaders(HttpURLConnection.HTTP_OK, keys.length);
                exchange.getResponseBody().write(keys);
                exchange.close();
            });
            await("the service to be ready").atMost(STARTED).until(() -> readiness(management) == 200);
            assertThat(service.said().lines()).allMatch(line -> line.startsWith("{\"@timestamp\":"));
        }
        assertThat(primary.trusted()).isPositive();
    }

    @Test
    void withoutAnIssuerTheGatewayIsNotReadyAndSaysSo() throws Exception {
        int management = Ports.free();
        String nowhere = "http://127.0.0.1:" + Ports.free() + "/keys";
        try (ServiceJar service =
                start("gateway", Map.of("MERIDIAN_JWKSETURI", nowhere, "MANAGEMENT_SERVER_PORT", "" + management))) {
            await("it to tell")
                    .atMost(STARTED)
                    .until(() -> readiness(management) == 503 && service.said().contains("Not ready: the issuer"));
            await("it to connect to the cache").atMost(STARTED).until(() -> redis.trusted() > 0);
        }
    }

    @Test
    void aDatabaseWithAnotherNameOrAnUnknownCertificateIsNotTrusted() throws Exception {
        TlsFront.Certificate elsewhere = TlsFront.Certificate.of(folder, "elsewhere");
        try (TlsFront front =
                        TlsFront.ofPostgres(elsewhere, stack.postgresPrimary().port());
                ServiceJar stranger = start("worker", Map.of("MERIDIAN_POSTGRES", front.address()));
                ServiceJar knowing = start(
                        "worker",
                        Map.of(
                                "MERIDIAN_POSTGRES",
                                front.address(),
                                "MERIDIAN_CERTIFICATES",
                                trusting(Map.of("postgres", elsewhere))))) {
            assertThat(only(stranger.ended(false))).contains("worker does not start: ", "PKIX path");
            assertThat(only(knowing.ended(false)))
                    .contains("worker does not start: ", "hostname localhost could not be verified");
        }
    }

    @Test
    void theCacheAndTheBrokerAreTrustedByTheirNamesAlone() throws Exception {
        migrate("worker", "fulfilment_migrator");
        TlsFront.Certificate elsewhere = TlsFront.Certificate.of(folder, "elsewhere-too");
        String authorities = trusting(Map.of("redis", elsewhere, "kafka", elsewhere));
        try (TlsFront otherCache = TlsFront.of(elsewhere, stack.redis().port());
                TlsFront otherBroker = TlsFront.of(elsewhere, broker());
                ServiceJar gateway = start(
                        "gateway",
                        Map.of(
                                "SPRING_DATA_REDIS_PORT",
                                "" + otherCache.port(),
                                "MERIDIAN_CERTIFICATES",
                                authorities));
                ServiceJar worker = start(
                        "worker",
                        Map.of(
                                "SPRING_KAFKA_BOOTSTRAPSERVERS",
                                otherBroker.address(),
                                "MERIDIAN_CERTIFICATES",
                                authorities))) {
            await("the gateway to refuse")
                    .atMost(STARTED)
                    .until(() -> gateway.said().contains(WRONG_NAME));
            assertThat(String.join("\n", worker.ended(false))).contains(WRONG_NAME);
            assertThat(otherCache.trusted() + otherBroker.trusted()).isZero();
        }
        // The broker of development knows no SCRAM; that it is asked for it shows that it was trusted.
        assertThat(String.join("\n", start("worker", Map.of()).ended(false))).contains("SCRAM-SHA-512");
        assertThat(kafka.trusted()).isPositive();
    }

    private int broker() {
        return Integer.parseInt(stack.kafkaBootstrapServers().split(":")[1]);
    }

    /** A folder of authorities: these, and that of the others' certificate. */
    private String trusting(Map<String, TlsFront.Certificate> these) throws IOException {
        Path authorities = Files.createTempDirectory(folder, "authorities");
        for (String of : List.of("postgres", "kafka", "redis")) {
            Path authority = these.getOrDefault(of, certificate).authority();
            Files.copy(authority, Files.createDirectory(authorities.resolve(of)).resolve("ca.crt"));
        }
        return authorities.toString();
    }

    /** As the job of a rollout does: the service's own image, which ends once it has migrated. */
    private void migrate(String module, String migrator) throws Exception {
        start(
                        module,
                        Map.of(
                                "MERIDIAN_MIGRATE",
                                "true",
                                "SPRING_FLYWAY_USER",
                                migrator,
                                "SPRING_FLYWAY_PASSWORD",
                                "own " + migrator,
                                "JDK_JAVA_OPTIONS",
                                "-Dspring.context.exit=onRefresh"))
                .ended(true);
    }

    private ServiceJar start(String module, Map<String, String> different) throws IOException {
        Path secrets = Files.createTempDirectory(folder, "secrets");
        Map<String, String> files = new HashMap<>(Map.of("meridian.registry.password", "own"));
        switch (module) {
            case "gateway" -> files.put("spring.data.redis.password", "own");
            case "orders-service" -> {
                files.put("spring.data.redis.password", "own");
                files.put("meridian.kafka.password", "own");
                files.put("spring.datasource.password", "own orders");
            }
            default -> {
                files.put("meridian.kafka.password", "own");
                files.put("spring.datasource.password", "own fulfilment");
            }
        }
        for (var file : files.entrySet()) {
            Files.writeString(secrets.resolve(file.getKey()), file.getValue() + "\n");
        }
        Map<String, String> environment = new HashMap<>();
        environment.put("SPRING_PROFILES_ACTIVE", "production");
        environment.put("SPRING_CONFIG_IMPORT", "configtree:" + secrets + "/");
        environment.put("MERIDIAN_CERTIFICATES", trusting(Map.of()));
        environment.put("MERIDIAN_DATACENTER", "dc1");
        environment.put("MERIDIAN_ISSUER", "https://issuer.example");
        environment.put(
                "MERIDIAN_JWKSETURI", "http://127.0.0.1:" + issuer.getAddress().getPort() + "/keys");
        environment.put("MERIDIAN_POSTGRES", primary.address() + "," + replica.address());
        environment.put("SPRING_KAFKA_BOOTSTRAPSERVERS", kafka.address());
        environment.put("SPRING_DATA_REDIS_HOST", "localhost");
        environment.put("SPRING_DATA_REDIS_PORT", "" + redis.port());
        environment.put("EUREKA_CLIENT_ENABLED", "false");
        environment.put("SERVER_ADDRESS", Address.HOST);
        environment.put("SERVER_PORT", "" + Ports.free());
        environment.put("MANAGEMENT_SERVER_ADDRESS", Address.HOST);
        environment.put("MANAGEMENT_SERVER_PORT", "" + Ports.free());
        environment.putAll(different);
        return ServiceJar.start(folder, module, environment);
    }

    private static String only(List<String> lines) {
        List<String> refusals =
                lines.stream().filter(line -> !line.startsWith("{")).toList(); // beside the log
        assertThat(refusals).as(lines::toString).hasSize(1);
        return refusals.getFirst();
    }

    private int readiness(int management) throws InterruptedException {
        try {
            URI address = URI.create("http://" + Address.HOST + ":" + management + "/actuator/health/readiness");
            return http.send(HttpRequest.newBuilder(address).build(), BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return 0;
        }
    }

    private void superuser(String statement) throws SQLException {
        String url = "jdbc:postgresql://" + stack.postgresHosts() + "/postgres?targetServerType=primary";
        try (Connection connection = DriverManager.getConnection(url, "postgres", "postgres");
                Statement sql = connection.createStatement()) {
            sql.execute(statement);
        }
    }
}

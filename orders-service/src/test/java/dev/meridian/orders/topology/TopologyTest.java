package dev.meridian.orders.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.meridian.local.BackingServices;
import dev.meridian.orders.Api;
import dev.meridian.orders.OtherServices;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

@RunningService
class TopologyTest {

    private static final Duration PATIENCE = Duration.ofSeconds(10); // for a busy machine

    private final TopologyService service;
    private final JdbcClient jdbc;
    private final CountDownLatch end = new CountDownLatch(1);
    private final List<HttpServer> servers = new ArrayList<>();

    @Autowired
    TopologyTest(TopologyService service, JdbcClient jdbc) {
        this.service = service;
        this.jdbc = jdbc;
    }

    @AfterEach
    void stop() {
        end.countDown();
        servers.forEach(server -> server.stop(0));
    }

    @Test
    void anOperatorSeesTheParts(@LocalServerPort int port) {
        var api = new Api(port);
        String id = api.place("alice", Api.order("TEA-001", 1)).json().at("/id").asString();
        api.cancel("alice", id); // only final orders are cached
        api.get("/api/orders/" + id, Tokens.of("alice"));
        api.get("/api/orders/" + id, Tokens.of("alice"));

        JsonNode seen = await().atMost(Duration.ofSeconds(30))
                .until(
                        () -> topology(api),
                        picture -> picture.at("/queue/unpublished").isNumber());

        assertThat(seen.at("/at").asString()).contains("T");
        assertThat(seen.has("datacenters")).isTrue();
        assertThat(seen.at("/queue").has("waiting")).isTrue();
        assertThat(seen.at("/cache/datacenter").asString()).isEqualTo("dc1");
        assertThat(seen.at("/cache/hits").asDouble()).isPositive();
        assertThat(seen.at("/cache/hitRate").asDouble()).isPositive().isLessThanOrEqualTo(1);
    }

    private static JsonNode topology(Api api) {
        Api.Answer answer = api.get("/api/topology", Tokens.of("olga", "ops"));
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("Cache-Control")).contains("no-store");
        return answer.json();
    }

    @Test
    void theReplicasLagIsKnown() {
        assertThat(service.replication().replicas()).isNotEmpty().allSatisfy(replica -> {
            assertThat(replica.name()).isNotEmpty();
            assertThat(replica.lagBytes()).isNotNull().isGreaterThanOrEqualTo(0);
            assertThat(replica.lagSeconds()).isNotNull().isGreaterThanOrEqualTo(0);
        });
    }

    @Test
    void theBacklogIsWhatNoWorkerHasFinished() throws Exception {
        String name = "topology-test-" + UUID.randomUUID();
        var administrator = BackingServices.shared().kafkaAdministrator();
        try (var admin = Admin.create(administrator)) {
            admin.createTopics(List.of(new NewTopic(name, 2, (short) 1))).all().get();
            admin.incrementalAlterConfigs(Map.of(
                            new ConfigResource(ConfigResource.Type.GROUP, name),
                            List.of(new AlterConfigOp(
                                    new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET))))
                    .all()
                    .get();
            for (int n = 0; n < 5; n++) {
                OtherServices.template(administrator)
                        .send(name, n % 2, "key", "value")
                        .get();
            }
            Map<String, Object> settings = new HashMap<>(administrator);
            settings.put("group.id", name);
            settings.put("share.acknowledgement.mode", "explicit");
            var backlog = new Backlog(admin, settings(PATIENCE, name));
            try (var worker = new KafkaShareConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
                worker.subscribe(List.of(name));
                var taken = await().atMost(Duration.ofSeconds(40))
                        .until(() -> worker.poll(Duration.ofMillis(200)), records -> records.count() > 0);
                await("none is finished")
                        .atMost(Duration.ofSeconds(20))
                        .until(() -> backlog.waiting(PATIENCE), waiting -> waiting == 5);

                var records = taken.iterator();
                worker.acknowledge(records.next(), AcknowledgeType.ACCEPT);
                records.forEachRemaining(record -> worker.acknowledge(record, AcknowledgeType.RELEASE));
                worker.commitSync(PATIENCE);
                await("one is finished")
                        .atMost(Duration.ofSeconds(20))
                        .until(() -> backlog.waiting(PATIENCE), waiting -> waiting == 4);
            } finally {
                admin.deleteTopics(List.of(name)).all().get();
            }
        }
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void instancesAreListedByDatacenterWithTheHealthThatTheyTellThemselves() throws Exception {
        int ready = serve(200);
        int notReady = serve(503);
        var registry = registry(
                instance("ORDERS-SERVICE", "o-3", "dc2", halting()),
                instance("ORDERS-SERVICE", "o-2", "dc2", silent()),
                instance("ORDERS-SERVICE", "o-1", "dc1", notReady),
                instance("ORDERS-SERVICE", "o-0", "dc1", ready),
                instance("GATEWAY", "g-1", "dc1", 1),
                new DefaultServiceInstance("g-0", "GATEWAY", "127.0.0.1", 80, false, Map.of("zone", "dc1")));

        var found = new Registry(registry, settings(Duration.ofSeconds(3), "any")).datacenters();

        assertThat(found)
                .containsExactly(
                        new Topology.Datacenter(
                                "dc1",
                                List.of(
                                        new Topology.Instance(
                                                "gateway", "g-0", "127.0.0.1:80", Topology.Health.UNKNOWN),
                                        new Topology.Instance(
                                                "gateway", "g-1", "127.0.0.1:8000", Topology.Health.UNKNOWN),
                                        new Topology.Instance(
                                                "orders-service", "o-0", "127.0.0.1:8000", Topology.Health.READY),
                                        new Topology.Instance(
                                                "orders-service", "o-1", "127.0.0.1:8000", Topology.Health.NOT_READY))),
                        new Topology.Datacenter(
                                "dc2",
                                List.of(
                                        new Topology.Instance(
                                                "orders-service", "o-2", "127.0.0.1:8000", Topology.Health.UNKNOWN),
                                        new Topology.Instance(
                                                "orders-service", "o-3", "127.0.0.1:8000", Topology.Health.UNKNOWN))));
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void whatDoesNotAnswerIsUnknownAndTakesNothingFromTheRest() throws Exception {
        var settings = settings(Duration.ofSeconds(2), "any");
        try (var nowhere = Admin.create(Map.of("bootstrap.servers", "127.0.0.1:1"))) {
            var view = new TopologyService(
                    new Registry(registry(instance("GATEWAY", "g-0", "dc1", silent())), settings),
                    new Backlog(nowhere, settings),
                    jdbc,
                    new SimpleMeterRegistry(),
                    settings,
                    "dc1",
                    Clock.systemUTC());

            Topology seen = view.topology();

            assertThat(seen.datacenters())
                    .containsExactly(new Topology.Datacenter(
                            "dc1",
                            List.of(new Topology.Instance(
                                    "gateway", "g-0", "127.0.0.1:8000", Topology.Health.UNKNOWN))));
            assertThat(seen.queue().waiting()).isNull();
            assertThat(seen.queue().unpublished()).isNotNull();
            assertThat(seen.replication()).isNotNull();
            assertThat(seen.cache().hitRate()).isNull();
            assertThat(view.topology())
                    .as("one look serves all who ask in time")
                    .isSameAs(seen);
        }
    }

    private static TopologySettings settings(Duration timeout, String queue) {
        return new TopologySettings(timeout, Duration.ofHours(1), queue);
    }

    private static DiscoveryClient registry(ServiceInstance... instances) {
        DiscoveryClient registry = mock();
        var byService = Stream.of(instances).collect(Collectors.groupingBy(ServiceInstance::getServiceId));
        when(registry.getServices()).thenReturn(List.copyOf(byService.keySet()));
        byService.forEach((service, its) -> when(registry.getInstances(service)).thenReturn(its));
        return registry;
    }

    private static ServiceInstance instance(String service, String id, String datacenter, int managementPort) {
        return new DefaultServiceInstance(
                id,
                service,
                "127.0.0.1",
                8000,
                false,
                Map.of("zone", datacenter, "management.port", Integer.toString(managementPort)));
    }

    /** Says whether it is ready. */
    private int serve(int status) throws IOException {
        HttpServer server = server();
        server.createContext("/actuator/health/readiness", exchange -> {
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        return server.getAddress().getPort();
    }

    /** Takes requests and answers none before the test ends. */
    private int silent() throws IOException {
        return holding(exchange -> {});
    }

    /** Begins its answers and ends none before the test does. */
    private int halting() throws IOException {
        return holding(exchange -> {
            exchange.sendResponseHeaders(200, 10);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush();
        });
    }

    private int holding(HttpHandler beginning) throws IOException {
        HttpServer server = server();
        server.createContext("/", exchange -> {
            beginning.handle(exchange);
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            exchange.close();
        });
        return server.getAddress().getPort();
    }

    private HttpServer server() throws IOException {
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
        servers.add(server);
        return server;
    }
}

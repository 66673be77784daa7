package dev.meridian.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** {@code docker compose up}: what a user gets by it, and what it survives. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ComposeIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    /** A JVM's start, under load and with a busy machine's share of the processors. */
    private static final Duration STARTED = Duration.ofMinutes(3);

    /** Orders, for which the customers take longer than a dead instance is noticed. */
    private static final int MANY = 300;

    private static final long GIB = 1024L * 1024 * 1024;
    private static final String ORDER = Shop.order("TEA-001", 2, "tok_ok");

    private Containers containers;
    private Shop shop;
    private Books books;

    @BeforeAll
    @Timeout(value = 20, unit = TimeUnit.MINUTES) // the images are built, from nothing where need be
    void up() {
        boolean runs = Containers.canRun();
        if (!runs && System.getenv("CI") == null) {
            System.out.println(
                    "SKIPPED: the tests of docker-compose.yml, since no Docker engine with Compose answers.");
        }
        assumeTrue(runs || System.getenv("CI") != null, "no Docker engine with Compose answers");
        containers = Containers.up();
        shop = Shop.open(containers.frontDoor(), "demo", "orders");
        books = new Books(containers::query);
    }

    @AfterAll
    void down() {
        if (containers != null) {
            containers.close();
        }
    }

    @AfterEach
    void everythingRunsAgain() {
        if (!containers.areAllUp()) {
            containers.allUp();
        }
    }

    @Test
    void everyContainerIsHealthyAndAnOrderSettles() {
        assertThat(containers.list())
                .isNotEmpty()
                .allSatisfy(container -> assertThat(container.at("/Health").asString()
                                + container.at("/ExitCode").asInt())
                        .as(container.at("/Service").asString())
                        .isEqualTo(container.at("/Service").asString().equals("kafka-topics") ? "0" : "healthy0"));

        JsonNode order = shop.settled(shop.place(ORDER), SOON);

        assertThat(order.at("/status").asString()).isEqualTo("CONFIRMED");
    }

    @Test
    void theWholeEnvironmentStaysBelowFourGibibytes() {
        JsonNode services = containers.configuration().at("/services");
        long limits = 0;
        for (Map.Entry<String, JsonNode> service : services.properties()) {
            long limit = service.getValue().at("/mem_limit").asLong();
            assertThat(limit).as(service.getKey()).isPositive();
            assertThat(service.getValue().at("/cpus").asDouble())
                    .as(service.getKey())
                    .isPositive();
            if (!service.getKey().equals("kafka-topics")) { // ends before the others start
                limits += limit * service.getValue().at("/deploy/replicas").asInt(1);
            }
        }
        assertThat(limits).isLessThan(4 * GIB);
    }

    @Test
    void everyContainerIsConfined() {
        assertThat(containers.wholeConfiguration().at("/services").properties()).allSatisfy(service -> {
            JsonNode container = service.getValue();
            assertThat(container.at("/pids_limit").asInt()).isBetween(1, 2500);
            assertThat(container.at("/read_only").asBoolean()).isTrue();
            assertThat(container.at("/cap_drop").toString()).isEqualTo("[\"ALL\"]");
            assertThat(container.at("/security_opt").toString()).isEqualTo("[\"no-new-privileges:true\"]");
        });
    }

    @Test
    void everyImageOfOthersHasItsFullVersion() throws IOException {
        Stream<String> run = containers
                .wholeConfiguration()
                .at("/services")
                .valueStream()
                .map(service -> service.at("/image").asString())
                .filter(image -> !image.startsWith("meridian/"));
        Stream<String> built = Files.readAllLines(Path.of("../Dockerfile")).stream()
                .filter(line -> line.matches("FROM \\S+:.*"))
                .map(line -> line.split(" ")[1]);
        assertThat(Stream.concat(run, built))
                .hasSizeGreaterThan(6)
                // PostgreSQL's versions have two numbers.
                .allMatch(image ->
                        image.matches("postgres:\\d+\\.\\d+|.+:v?\\d+\\.\\d+\\.\\d+.*|.+@sha256:\\p{XDigit}{64}"));
    }

    @Test
    void onlyTheEdgeIsNoInternalNetwork() {
        assertThat(containers.wholeConfiguration().at("/networks").properties())
                .filteredOn(network -> !network.getValue().at("/internal").asBoolean())
                .extracting(Map.Entry::getKey)
                .containsExactly("edge");
    }

    @Test
    void anImageDoesNotStartWithoutAProfile() {
        assertThat(Containers.run(List.of("docker", "run", "--rm", "meridian/identity")))
                .satisfies(ended -> assertThat(ended.exit()).isNotZero())
                .satisfies(ended ->
                        assertThat(ended.lines()).singleElement().asString().contains("SPRING_PROFILES_ACTIVE"));
    }

    @Test
    void theFrontDoorIsTheOnlyPublishedPort() {
        Map<String, String> published = new TreeMap<>();
        for (JsonNode container : containers.list()) {
            StreamSupport.stream(container.at("/Publishers").spliterator(), false)
                    .filter(port -> port.at("/PublishedPort").asInt() != 0)
                    .forEach(port -> published.put(
                            container.at("/Service").asString(),
                            port.at("/URL").asString() + ":"
                                    + port.at("/PublishedPort").asInt()));
        }
        assertThat(published)
                .containsExactly(
                        Map.entry("cdn", "127.0.0.1:" + containers.frontDoor().getPort()));
    }

    @ParameterizedTest(name = "{0} to {1} in {2}, port {3}: {4}")
    @CsvSource({
        "cdn,              lb,               edge, 8080, true",
        "lb,               gateway,          app,  8080, true",
        "gateway,          orders-service,   app,  8080, true",
        "gateway,          discovery,        registry, 8080, true",
        "orders-service,   postgres-primary, data, 5432, true",
        "orders-service,   redis,            cache, 6379, true",
        "gateway,          redis,            cache, 6379, true",
        "worker,           kafka,            data, 9092, true",
        "postgres-replica, postgres-primary, data, 5432, true",
        // From the edge nothing but the load balancer, and from the application network no database.
        "cdn,              postgres-primary, data, 5432, false",
        "cdn,              redis,            cache, 6379, false",
        "cdn,              kafka,            data, 9092, false",
        "cdn,              gateway,          app,  8080, false",
        "cdn,              gateway,          app,  8081, false",
        "lb,               discovery,        registry, 8080, false",
        "cdn,              discovery,        registry, 8080, false",
        "lb,               postgres-primary, data, 5432, false",
        "lb,               redis,            cache, 6379, false",
        "worker,           redis,            cache, 6379, false",
        "gateway,          postgres-primary, data, 5432, false",
        "identity,         postgres-primary, data, 5432, false",
        "discovery,        kafka,            data, 9092, false"
    })
    void theFirewallLetsPassWhatMustAndNothingElse(String from, String to, String network, int port, boolean passes) {
        assertThat(containers.connects(from, containers.address(to, network), port))
                .isEqualTo(passes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "discovery",
                "identity",
                "gateway",
                "orders-service",
                "worker",
                "redis",
                "kafka",
                "postgres-primary",
                "postgres-replica"
            })
    void behindTheEdgeThereIsNoWayOut(String service) {
        // The engine's own address in the network of the edge is as good as any outside.
        String outside = Containers.docker(
                        "network",
                        "inspect",
                        "--format",
                        "{{(index .IPAM.Config 0).Gateway}}",
                        containers.network("edge"))
                .output()
                .strip();
        int port = containers.frontDoor().getPort();
        assertThat(containers
                        .bash(service, 1, "cat /proc/net/route")
                        .output()
                        .lines()
                        .skip(1))
                .as("routes beyond the network itself")
                .noneMatch(route -> route.split("\\s+")[1].equals("00000000"));
        assertThat(containers.connects(service, outside, port)).isFalse();
    }

    @Test
    void theFilledTemplateTellsWhoIsInWhichNetwork() throws IOException {
        Map<String, Set<String>> networks = new TreeMap<>();
        containers
                .configuration()
                .at("/services")
                .properties()
                .forEach(service -> service.getValue()
                        .at("/networks")
                        .propertyNames()
                        .forEach(network -> networks.computeIfAbsent(network, any -> new TreeSet<>())
                                .add(service.getKey())));

        Map<String, Set<String>> told = new TreeMap<>();
        for (String line : Files.readAllLines(Path.of("../docs/infrastructure.md"))) {
            Matcher row = Pattern.compile("\\| `(edge|app|registry|cache|data)` \\| ([^|]*) \\|.*")
                    .matcher(line);
            if (row.matches()) {
                told.put(
                        row.group(1),
                        Pattern.compile("`([^`]+)`")
                                .matcher(row.group(2))
                                .results()
                                .map(name -> name.group(1))
                                .collect(Collectors.toCollection(TreeSet::new)));
            }
        }
        assertThat(told).isEqualTo(networks);
    }

    @Test
    void noSecondRequestIsSmuggledThroughTheEdge() {
        SmugglingIT.corpus(
                shop,
                (name, fate, request) -> assertThatNoException()
                        .as(name)
                        .isThrownBy(() -> SmugglingIT.secondRequestNeverArrives(
                                containers.frontDoor(), shop, books, fate, request)));
    }

    @Test
    void theCatalogueIsServedByTheCdnWhileEveryGatewayIsDown() {
        assertThat(List.of("MISS", "HIT"))
                .contains(Shop.onceServed(this::catalogue).header("X-Cache"));
        assertThat(catalogue().header("X-Cache")).isEqualTo("HIT");

        Containers.docker("kill", containers.container("gateway", 1), containers.container("gateway", 2));

        Shop.Answer shown = catalogue();
        assertThat(shown.status()).isEqualTo(200);
        assertThat(shown.header("X-Cache")).isEqualTo("HIT");
        Shop.Answer refused = shop.place("unreachable", ORDER);
        assertThat(refused.problem()).isEqualTo("service-unavailable");
        assertThat(refused.header("Retry-After")).isEqualTo("1");
    }

    @Test
    void theCdnFollowsALoadBalancerToItsNewAddress() {
        containers.compose("rm", "--stop", "--force", "lb");
        // Somebody else takes its address meanwhile.
        Containers.docker(
                "run",
                "--detach",
                "--rm",
                "--name",
                containers.container("squatter", 1),
                "--network",
                containers.network("edge"),
                "--entrypoint",
                "sleep",
                containers.configuration().at("/services/redis/image").asString(),
                "60");
        try {
            containers.allUp();
            shop.settled(shop.place(ORDER), SOON);
        } finally {
            Containers.docker("rm", "--force", containers.container("squatter", 1));
        }
    }

    private Shop.Answer catalogue() {
        return shop.send(shop.request("/api/products"));
    }

    @Test
    void scaledServicesShareTheLoad() {
        containers.compose(
                "up",
                "--detach",
                "--no-build",
                "--no-recreate",
                "--wait",
                "--wait-timeout",
                "180",
                "--scale",
                "orders-service=4",
                "--scale",
                "worker=3");
        try (Customers customers = Customers.placing(shop, ORDER, 8, Duration.ofMillis(50))) {
            await("every instance to have had its share")
                    .atMost(Duration.ofSeconds(120))
                    .untilAsserted(() -> {
                        assertThat(IntStream.rangeClosed(1, 4)
                                        .mapToDouble(instance -> containers.metric(
                                                "orders-service",
                                                instance,
                                                "http_server_requests_seconds_count",
                                                "error=\"none\"",
                                                "method=\"POST\"")))
                                .as("orders taken by each orders-service")
                                .allMatch(orders -> orders > 10);
                        assertThat(IntStream.rangeClosed(1, 3)
                                        .mapToDouble(instance -> containers.metric(
                                                "worker", instance, "meridian_fulfilment_outcomes_total")))
                                .as("orders settled by each worker")
                                .allMatch(orders -> orders > 10);
                    });
            settlesAndAddsUp(customers.finish());
        }
    }

    @Test
    void aKilledGatewayAndAHangingOneAreEjectedWithinThreeSeconds() throws Exception {
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 6, Duration.ofMillis(100))) {
            customers.placeMore(20);
            Containers.docker("kill", containers.container("gateway", 1));
            customers.placeMore(MANY);
            Containers.docker("start", containers.container("gateway", 1));
            await("the gateway to be healthy again").atMost(STARTED).until(() -> isHealthy("gateway", 1));
            customers.placeMore(MANY); // the load balancer asks too
            // Not "docker pause": freezing a busy container may fail.
            Containers.docker("kill", "--signal", "STOP", containers.container("gateway", 2));
            customers.placeMore(MANY);
            assertThat(containers.bash("gateway", 2, "/meridian/health").exit())
                    .as("health of the gateway that hangs")
                    .isNotZero();
            Containers.docker("kill", "--signal", "CONT", containers.container("gateway", 2));
            acknowledged = customers.finish();
        }
        hadNoLongTrouble(acknowledged);
        settlesAndAddsUp(acknowledged);
    }

    @Test
    void oneOfEachKindIsKilledAndOrdersAreStillTaken() throws Exception {
        List<Customers.Placed> acknowledged;
        try (Customers customers = Customers.placing(shop, ORDER, 6, Duration.ofMillis(100))) {
            customers.placeMore(20);
            Containers.docker("kill", containers.container("orders-service", 1), containers.container("worker", 1));
            customers.placeMore(MANY);
            Containers.docker("kill", containers.container("redis", 1), containers.container("kafka", 1));
            customers.placeMore(MANY); // without a cache, a broker and a worker
            acknowledged = customers.finish();
        }
        containers.allUp();

        hadNoLongTrouble(acknowledged);
        settlesAndAddsUp(acknowledged);
    }

    @Test
    void aReplicaThatLostItsVolumeIsBuiltAnew() {
        // The primary has the volume too, to look for a last copy there.
        containers.compose("rm", "--stop", "--force", "postgres-replica", "postgres-primary");
        Containers.docker("volume", "rm", containers.volume("postgres-replica"));

        containers.allUp();

        await("the replica to stream")
                .atMost(SOON)
                .untilAsserted(() -> assertThat(containers.query(
                                "postgres", "SELECT state FROM pg_stat_replication WHERE usename = 'replicator'"))
                        .containsExactly("streaming"));
        assertThat(containers.query("postgres", "SELECT slot_name || ' ' || active FROM pg_replication_slots"))
                .containsExactly("postgres_replica true");
    }

    @Test
    void aPrimaryThatLostItsVolumeIsMadeOfTheReplicasCopyWhenToldSo() {
        String id = shop.place(ORDER);
        shop.settled(id, SOON);
        containers.compose("rm", "--stop", "--force", "postgres-replica", "postgres-primary");
        Containers.docker("volume", "rm", containers.volume("postgres-primary"));

        containers.compose("up", "--detach", "--no-build", "postgres-primary");
        await("the primary to refuse")
                .atMost(SOON)
                .untilAsserted(() -> assertThat(
                                containers.compose("logs", "postgres-primary").output())
                        .contains("The primary's data are gone, and the replica has a copy."));
        containers
                .with("FROM_COPY", "yes")
                .compose("up", "--detach", "--no-build", "--wait", "--no-deps", "postgres-primary");
        containers.allUp();

        assertThat(Shop.onceServed(() -> shop.order(id)).status()).isEqualTo(200);
        shop.settled(shop.place(ORDER), SOON);
    }

    @Test
    void whatWasOrderedIsThereAfterDownAndUpWithOtherPasswords() throws IOException {
        Path secrets = Files.createDirectories(Path.of("target/secrets").toAbsolutePath());
        String id = shop.place(ORDER);
        shop.settled(id, SOON);
        for (String role : List.of("postgres", "replicator", "orders", "fulfilment")) {
            Files.writeString(secrets.resolve(role), "it's a \\ or a : " + UUID.randomUUID());
        }
        for (String user : List.of(
                "registry",
                "redis-admin",
                "redis-gateway",
                "redis-orders-service",
                "kafka-admin",
                "kafka-orders-service",
                "kafka-worker")) {
            Files.writeString(secrets.resolve(user), UUID.randomUUID() + "\n"); // as an editor leaves it
        }
        for (String role : List.of("orders_migrator", "fulfilment_migrator")) {
            Files.writeString(secrets.resolve(role), role); // as before
        }

        containers.compose("down");
        containers.with("MERIDIAN_SECRETS", secrets.toString()).allUp();

        Shop reopened = Shop.open(containers.frontDoor(), "demo", "orders");
        assertThat(reopened.order(id).status()).isEqualTo(200);
        reopened.settled(reopened.place(ORDER), SOON);
        shop = reopened; // the demonstration's signing key is new with each start
    }

    private boolean isHealthy(String service, int instance) {
        return Containers.docker(
                        "inspect", "--format", "{{.State.Health.Status}}", containers.container(service, instance))
                .output()
                .strip()
                .equals("healthy");
    }

    private static void hadNoLongTrouble(List<Customers.Placed> acknowledged) {
        assertThat(acknowledged)
                .isNotEmpty()
                .allSatisfy(order -> assertThat(order.troubled())
                        .as("how long an order's client saw errors, after %d attempts", order.attempts())
                        .isLessThan(Duration.ofSeconds(3)));
    }

    private void settlesAndAddsUp(List<Customers.Placed> acknowledged) {
        assertThat(acknowledged).isNotEmpty();
        books.everyAcknowledgedOrderExistsOnce(acknowledged);
        await("every order to settle").atMost(Duration.ofSeconds(90)).until(() -> books.countOfOrders("PLACED") == 0);
        await("the outbox to empty").atMost(SOON).untilAsserted(books::everythingAddsUp);
    }
}

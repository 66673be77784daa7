package dev.meridian.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.cli.ControlChannel;
import dev.meridian.local.cli.RemoteStack;
import dev.meridian.local.process.Http;
import dev.meridian.local.process.Signal;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The real backing programs; one stack for all tests, since each start takes seconds. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class StackTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    private static Path data = Path.of("");

    private static final List<String> TOLD = new CopyOnWriteArrayList<>();

    private static final AtomicReference<Stack> RUNNING = new AtomicReference<>();

    @BeforeAll
    static void start() throws Exception {
        Files.createDirectories(logOfANewerBroker().resolveSibling(""));
        Files.writeString(logOfANewerBroker(), "version=1\nnode.id=99\ncluster.id=of-another-broker\n");
        RUNNING.set(Stack.start(settings(), TOLD::add));
        assertThat(TOLD).hasSize(5); // a line of progress for each, and which cache it is
        update("CREATE TABLE kept (id int PRIMARY KEY)");
    }

    @AfterAll
    static void stop() {
        stack().stop();
    }

    private static StackSettings settings() {
        return StackSettings.isolated(data).withServices(false);
    }

    private static Stack stack() {
        return Objects.requireNonNull(RUNNING.get());
    }

    @Test
    void everythingIsUpWithItsProcessAndAddress() {
        assertThat(stack().status()).hasSize(4).allSatisfy(component -> {
            assertThat(component.state()).isEqualTo(ComponentState.UP);
            assertThat(ProcessHandle.of(component.pid())).isPresent();
            assertThat(component.address()).startsWith("127.0.0.1:");
        });
    }

    @Test
    void theBrokerLeavesALogAloneThatItCannotRead() {
        assertThat(logOfANewerBroker()).content().contains("of-another-broker");
        assertThat(stack().component("kafka").state()).isEqualTo(ComponentState.UP);
    }

    private static Path logOfANewerBroker() {
        return data.resolve("kafka/log/meta.properties");
    }

    @Test
    void theReplicaStreams() throws Exception {
        update("INSERT INTO kept VALUES (1)");

        awaitOnReplica(1);
        try (Connection replica = connect(stack().postgresReplica())) {
            assertThatThrownBy(() -> replica.createStatement().execute("INSERT INTO kept VALUES (2)"))
                    .hasMessageContaining("read-only");
        }
    }

    @Test
    void aReplicaThatLostItsPlaceIsBuiltAnew() throws Exception {
        stack().stop("postgres-replica");
        update("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
        update("INSERT INTO kept VALUES (3)");

        stack().start("postgres-replica");

        awaitOnReplica(3);
    }

    @Test
    void aKilledPrimaryComesBackWithAllThatWasCommitted() throws Exception {
        update("INSERT INTO kept VALUES (4)");

        stack().kill("postgres-primary");
        assertThat(stack().component("postgres-primary").state()).isEqualTo(ComponentState.DOWN);
        stack().start("postgres-primary");

        assertThat(isKept(stack().postgresPrimary(), 4)).isTrue();
        update("INSERT INTO kept VALUES (5)");
        awaitOnReplica(5);
    }

    @Test
    void aPausedProgramIsSilentUntilItIsResumed() {
        stack().pause("redis-dc1");

        assertThat(stack().component("redis-dc1").state()).isEqualTo(ComponentState.PAUSED);
        long pid = stack().component("redis-dc1").pid();

        stack().resume("redis-dc1");
        stack().await("redis-dc1", ComponentState.UP, LIMIT);
        assertThat(stack().component("redis-dc1").pid()).isEqualTo(pid);
    }

    @Test
    void aPausedProgramCanBeStopped() {
        stack().pause("redis-dc1");

        stack().stop("redis-dc1");

        assertThat(stack().component("redis-dc1").state()).isEqualTo(ComponentState.DOWN);
        stack().start("redis-dc1");
    }

    @Test
    void whatIsKilledFromOutsideIsDownAndTold() throws Exception {
        TOLD.clear();
        Signal.KILL.send(stack().component("redis-dc1").pid());

        stack().await("redis-dc1", ComponentState.DOWN, LIMIT);
        await().atMost(LIMIT)
                .untilAsserted(() -> assertThat(TOLD)
                        .singleElement()
                        .asString()
                        .startsWith("redis-dc1 ended on its own with status 137"));
        assertThat(stack().component("redis-dc1").pid()).isZero();

        stack().start("redis-dc1");
        assertThat(stack().component("redis-dc1").state()).isEqualTo(ComponentState.UP);
    }

    @Test
    void killingOnPurposeIsNotToldAsADeath() throws Exception {
        TOLD.clear();
        for (int round = 0; round < 10; round++) {
            stack().kill("redis-dc1");
            stack().start("redis-dc1");
        }

        assertThat(TOLD).isEmpty();
    }

    @Test
    void anUnknownNameIsAnsweredWithTheNamesThereAre() {
        assertThatThrownBy(() -> stack().kill("rabbit"))
                .isInstanceOf(StackException.class)
                .hasMessage("There is no component rabbit; there are"
                        + " postgres-primary, postgres-replica, kafka, redis-dc1.");
    }

    @Test
    void aSecondStackOnTheSameFolderIsRefused() {
        assertThatThrownBy(() -> Stack.start(settings(), TOLD::add))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("Another stack runs on the data folder");
    }

    @Test
    void isCommandedFromAnotherProcess() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        try (ControlChannel ignored = ControlChannel.open(stack(), asked::countDown)) {
            RemoteStack remote = RemoteStack.on(data);

            assertThat(remote.status()).isEqualTo(stack().status());
            assertThat(remote.statusJson()).contains("\"type\":\"message broker\"", "\"datacenter\":\"dc1\"");
            remote.command("pause", "redis-dc1");
            assertThat(stack().component("redis-dc1").state()).isEqualTo(ComponentState.PAUSED);
            remote.command("resume", "redis-dc1");
            assertThatThrownBy(() -> remote.command("kill", "rabbit")).hasMessageContaining("no component rabbit");

            remote.command("stop", "");
            assertThat(asked.await(5, TimeUnit.SECONDS)).isTrue();

            URI control = URI.create(DataFolder.supervisor(data).orElseThrow().control());
            for (String guess : List.of("/kill", "/guess/kill")) {
                Http.Answer stranger = new Http(LIMIT).send("POST", control.resolve(guess), Map.of(), "kafka");
                assertThat(stranger.status()).isEqualTo(404);
            }
            assertThat(stack().component("kafka").state()).isEqualTo(ComponentState.UP);
        }
    }

    /** Last, since it changes the ports. */
    @Test
    @Order(Integer.MAX_VALUE)
    void dataSurvivesARestart() throws Exception {
        update("INSERT INTO kept VALUES (6)");
        List<Component> before = stack().status();

        stack().stop();

        // What has ended is there until this JVM has noticed.
        await("every process to be gone")
                .atMost(Duration.ofSeconds(10))
                .until(() -> before.stream()
                        .allMatch(component -> ProcessHandle.of(component.pid()).isEmpty()));
        RUNNING.set(Stack.start(settings(), TOLD::add));
        assertThat(isKept(stack().postgresPrimary(), 6)).isTrue();
        update("INSERT INTO kept VALUES (7)");
        awaitOnReplica(7);
    }

    private static void update(String sql) throws SQLException {
        try (Connection connection = connect(stack().postgresPrimary())) {
            connection.createStatement().execute(sql);
        }
    }

    private static void awaitOnReplica(int id) {
        await().atMost(LIMIT).ignoreExceptions().until(() -> isKept(stack().postgresReplica(), id));
    }

    private static boolean isKept(Address server, int id) throws SQLException {
        try (Connection connection = connect(server);
                var rows = connection.createStatement().executeQuery("SELECT FROM kept WHERE id = " + id)) {
            return rows.next();
        }
    }

    private static Connection connect(Address server) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + server + "/orders?sslmode=disable", "postgres", "postgres");
    }
}

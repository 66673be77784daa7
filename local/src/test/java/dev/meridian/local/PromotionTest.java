package dev.meridian.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.cli.ControlChannel;
import dev.meridian.local.cli.RemoteStack;
import dev.meridian.local.postgres.PostgresRoles;
import dev.meridian.local.postgres.PostgresUser;
import dev.meridian.local.process.Folders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The two real PostgreSQL servers, without anything else. Each test finds one primary and a replica that streams,
 * whichever is which.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PromotionTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private static final Duration SOON = Duration.ofMillis(500);

    @TempDir
    private static Path data = Path.of("");

    private static final List<String> TOLD = new CopyOnWriteArrayList<>();

    private static final AtomicReference<Stack> RUNNING = new AtomicReference<>();

    @BeforeAll
    static void start() throws Exception {
        restart();
        write("CREATE TABLE kept (id int PRIMARY KEY)");
    }

    private static void restart() {
        start(settings(), "postgres-primary", "postgres-replica");
    }

    private static void start(StackSettings settings, String... programs) {
        RUNNING.set(Stack.start(settings, TOLD::add, Set.of(programs)::contains));
    }

    private static StackSettings settings() {
        return StackSettings.isolated(data).withServices(false);
    }

    @AfterAll
    static void stop() {
        stack().stop();
    }

    private static Stack stack() {
        return Objects.requireNonNull(RUNNING.get());
    }

    @BeforeEach
    void aPrimaryAndAReplicaThatStreams() throws Exception {
        for (PostgresRole role : PostgresRole.values()) {
            if (stack().component(name(role)).state() == ComponentState.PAUSED) {
                stack().resume(name(role));
            }
            stack().start(name(role));
        }
        stack().replicate(StackSettings.NO_WAIT);
        write("DELETE FROM kept");
        streams();
        TOLD.clear();
    }

    @Test
    void thereAndBackWithALivingPrimary() throws Exception {
        String former = name(PostgresRole.PRIMARY);
        String next = name(PostgresRole.REPLICA);
        Address formerAddress = stack().postgresPrimary();
        long timeline = timeline();
        write("INSERT INTO kept VALUES (1)");

        assertThat(stack().promote()).isEqualTo(next);

        assertThat(stack().component(former).state()).isEqualTo(ComponentState.DOWN);
        assertThat(stack().component(next).state()).isEqualTo(ComponentState.UP);
        assertThat(name(PostgresRole.PRIMARY)).isEqualTo(next);
        assertThat(name(PostgresRole.REPLICA)).isEqualTo(former);
        assertThat(stack().postgresReplica()).isEqualTo(formerAddress);
        assertThat(timeline()).isGreaterThan(timeline);
        assertThat(TOLD).containsExactly(next + " is the primary now.");
        write("INSERT INTO kept VALUES (2)");
        assertThat(rows(stack().postgresPrimary())).containsExactly(1, 2);
        assertThatThrownBy(() -> stack().promote())
                .isInstanceOf(StackException.class)
                .hasMessage(former + " is down: there is nothing to promote. Nothing was changed.");

        stack().start(former);
        try (ControlChannel ignored = ControlChannel.open(stack(), () -> {})) {
            RemoteStack remote = RemoteStack.on(data);
            assertThat(remote.command("promote", "")).isEqualTo(former);
            assertThat(remote.status()).isEqualTo(stack().status());
            assertThat(remote.statusJson()).contains("\"role\":\"primary\"", "\"role\":\"replica\"");
        }
        write("INSERT INTO kept VALUES (3)");
        stack().start(next);

        streams();
        isReadOnly(stack().postgresReplica());
        assertThat(rows(stack().postgresReplica())).containsExactly(1, 2, 3);
    }

    /**
     * A primary that hangs is killed, and comes back as the replica. It wrote something that never left it, which is the
     * price of asynchronous replication, and must not keep it.
     */
    @Test
    void theFormerPrimaryComesBackAsTheReplicaAndAsNothingElse() throws Exception {
        String former = name(PostgresRole.PRIMARY);
        String next = name(PostgresRole.REPLICA);
        long pid = stack().component(former).pid();
        write("INSERT INTO kept VALUES (1)");
        streams();
        stack().stop(next);
        write("INSERT INTO kept VALUES (2)");
        stack().pause(former);
        stack().start(next);

        stack().promote();

        assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
        write("INSERT INTO kept VALUES (3)");
        stack().start(former);
        assertThat(stack().component(former).role()).isEqualTo(PostgresRole.REPLICA);
        isReadOnly(stack().postgresReplica());
        streams();
        write("INSERT INTO kept VALUES (4)");
        streams();
        assertThat(rows(stack().postgresReplica())).containsExactly(1, 3, 4);
        assertThat(rows(stack().postgresPrimary())).containsExactly(1, 3, 4);
    }

    /** Two servers that take writes would tell two stories; that must not hang on who starts them. */
    @Test
    void theFormerPrimaryTakesNoWritesEvenWhenItIsStartedByHand() throws Exception {
        String former = name(PostgresRole.PRIMARY);
        Address address = stack().postgresPrimary();
        Path program = ProcessHandle.of(stack().component(former).pid())
                .flatMap(process -> process.info().command())
                .map(Path.of("/")::resolve)
                .orElseThrow();
        write("INSERT INTO kept VALUES (1)");
        stack().promote();

        List<String> command = new ArrayList<>(
                PostgresUser.choose(data, program.resolve("../..").normalize()).prefix());
        command.addAll(List.of(program.toString(), "-D", data.resolve(former).toString()));
        Process byHand = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(data.resolve("by-hand.log").toFile())
                .start();
        try {
            await("it to answer")
                    .atMost(LIMIT)
                    .ignoreExceptions()
                    .until(() -> rows(address).equals(List.of(1)));
            isReadOnly(address);
        } finally {
            byHand.destroy();
            assertThat(byHand.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void withoutAReplicaThatIsFitNothingChanges() throws Exception {
        String primary = name(PostgresRole.PRIMARY);
        String replica = name(PostgresRole.REPLICA);
        long pid = stack().component(primary).pid();

        stack().pause(replica);
        isRefused(replica + " is paused: there is nothing to promote. Nothing was changed.");
        stack().resume(replica);

        read(stack().postgresReplica(), "SELECT pg_wal_replay_pause()");
        write("INSERT INTO kept VALUES (1)");
        isRefused(replica + " lacks [0-9]+ bytes of what " + primary
                + " wrote, and did not get them within 0 s. Nothing was changed.");
        read(stack().postgresReplica(), "SELECT pg_wal_replay_resume()");

        stack().stop(replica);
        isRefused(replica + " is down: there is nothing to promote. Nothing was changed.");

        assertThat(stack().component(primary).pid()).isEqualTo(pid);
        assertThat(stack().component(primary).state()).isEqualTo(ComponentState.UP);
        assertThat(name(PostgresRole.PRIMARY)).isEqualTo(primary);
        write("INSERT INTO kept VALUES (2)");
    }

    /** The record comes before what it says: without it, only the former primary ever takes writes. */
    @Test
    void aPromotionThatCannotBeRecordedDoesNotHappen() throws Exception {
        String former = name(PostgresRole.PRIMARY);
        String next = name(PostgresRole.REPLICA);
        write("INSERT INTO kept VALUES (1)");
        Path inTheWay = Files.createDirectories(data.resolve("postgres/roles.json.incoming"));

        assertThatThrownBy(() -> stack().promote()).hasMessageStartingWith("Cannot record in ");

        Files.delete(inTheWay);
        assertThat(stack().component(former).state()).isEqualTo(ComponentState.DOWN);
        assertThat(stack().component(next).role()).isEqualTo(PostgresRole.REPLICA);
        isReadOnly(stack().postgresReplica());
        stack().start(former);
        write("INSERT INTO kept VALUES (2)");
        streams();
    }

    @Test
    void theRolesOutliveTheServersAndTheStack() throws Exception {
        String former = name(PostgresRole.PRIMARY);
        String next = name(PostgresRole.REPLICA);
        write("INSERT INTO kept VALUES (1)");
        stack().promote();
        write("INSERT INTO kept VALUES (2)");
        stack().kill(next);

        assertThatThrownBy(() -> stack().start(former))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("Cannot copy " + next + " for " + former);
        assertThat(stack().component(former).state()).isEqualTo(ComponentState.DOWN);
        assertThatThrownBy(() -> stack().promote()).hasMessageStartingWith(former + " is down");

        stack().stop();
        restart();

        assertThat(name(PostgresRole.PRIMARY)).isEqualTo(next);
        assertThat(stack().component(former).state()).isEqualTo(ComponentState.UP);
        isReadOnly(stack().postgresReplica());
        streams();
        assertThat(rows(stack().postgresReplica())).containsExactly(1, 2);
    }

    /** The supervisor dies after the record and before anything else. */
    @Test
    void aPromotionThatWasBrokenOffIsFinishedByTheNextStart() throws Exception {
        String former = name(PostgresRole.PRIMARY);
        String next = name(PostgresRole.REPLICA);
        long timeline = timeline();
        write("INSERT INTO kept VALUES (1)");
        streams();
        stack().kill(former);
        handOver();
        stack().stop();

        restart();

        assertThat(name(PostgresRole.PRIMARY)).isEqualTo(next);
        assertThat(timeline()).isGreaterThan(timeline);
        write("INSERT INTO kept VALUES (2)");
        streams();
        isReadOnly(stack().postgresReplica());
        assertThat(rows(stack().postgresReplica())).containsExactly(1, 2);
    }

    @Test
    void aPromotionThatWasBrokenOffIsFinishedByTheNextPromotion() throws Exception {
        String former = name(PostgresRole.PRIMARY);
        String next = name(PostgresRole.REPLICA);
        stack().kill(former);
        handOver();

        assertThatThrownBy(() -> stack().start(former))
                .hasMessage(next + " does not take writes yet, so " + former
                        + " cannot follow it: `promote` finishes its promotion.");
        assertThat(stack().promote()).isEqualTo(next);

        write("INSERT INTO kept VALUES (1)");
        stack().start(former);
        streams();
        isReadOnly(stack().postgresReplica());
    }

    @Test
    void aSynchronousCommitWaitsForTheReplicaUntilReplicationIsAsynchronousAgain() throws Exception {
        synchronously(Duration.ofMinutes(5));
        stack().pause(name(PostgresRole.REPLICA));

        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            Future<?> commit = thread.submit(() -> {
                write("INSERT INTO kept VALUES (1)");
                return null;
            });
            await("the commit to wait for the replica")
                    .atMost(LIMIT)
                    .until(() -> read(
                                    stack().postgresPrimary(),
                                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                            == 1);
            assertThat(commit.isDone()).isFalse();

            stack().replicate(StackSettings.NO_WAIT);

            assertThat(stack().isReplicaInStep()).isFalse();
            commit.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /** Never a hang; but a promotion could lose what the primary takes alone. */
    @Test
    void aReplicaThatIsGoneIsNotWaitedForForEver() throws Exception {
        String primary = name(PostgresRole.PRIMARY);
        String replica = name(PostgresRole.REPLICA);
        synchronously(Duration.ofSeconds(2));
        stack().pause(replica);

        write("INSERT INTO kept VALUES (1)"); // its socket time-out is the bound

        assertThat(stack().isReplicaInStep()).isFalse();
        String told = replica + " is gone for 2 s: " + primary
                + " goes on alone, and a promotion is refused until the other is back.";
        await("that to be told").atMost(LIMIT).until(() -> TOLD.contains(told));
        stack().kill(primary);
        stack().resume(replica);
        assertThatThrownBy(() -> stack().promote())
                .isInstanceOf(StackException.class)
                .hasMessage(replica + " may lack what " + primary + " acknowledged while it was alone:"
                        + " start that, and wait until the other has caught up. Nothing was changed.");

        stack().start(primary);
        await("the replica to catch up").atMost(LIMIT).until(() -> stack().isReplicaInStep());
        stack().promote();
        assertThat(rows(stack().postgresPrimary())).containsExactly(1);
    }

    @Test
    void aSynchronousPromotionLosesNothingThatWasAcknowledged() throws Exception {
        synchronously(Duration.ofMinutes(1));
        List<Integer> acknowledged = new CopyOnWriteArrayList<>();
        CountDownLatch some = new CountDownLatch(300);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (int writer = 0; writer < 4; writer++) {
                int first = writer;
                threads.submit(() -> {
                    try (Connection connection = connect(stack().postgresPrimary());
                            Statement statement = connection.createStatement()) {
                        for (int id = first; true; id += 4) {
                            statement.execute("INSERT INTO kept VALUES (" + id + ")");
                            acknowledged.add(id);
                            some.countDown();
                        }
                    }
                });
            }
            assertThat(some.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();

            stack().kill(name(PostgresRole.PRIMARY)); // the writers end with their sessions
        }
        stack().promote();

        assertThat(rows(stack().postgresPrimary())).containsAll(acknowledged);
    }

    @Test
    void aPrimaryWhoseDataAreGoneIsNotMadeAnewBesideTheirCopy() throws Exception {
        write("INSERT INTO kept VALUES (7001)");
        streams();
        String primary = name(PostgresRole.PRIMARY);
        String replica = name(PostgresRole.REPLICA);
        stack().stop();
        Folders.delete(data.resolve(primary));

        AtomicReference<String> told = new AtomicReference<>("");
        assertThatThrownBy(PromotionTest::restart)
                .isInstanceOf(StackException.class)
                .satisfies(refusal -> told.set(String.valueOf(refusal.getMessage())));
        assertThat(told.get())
                .contains(primary, replica, "`rm -rf ", " && cp -a ")
                .doesNotContain("\n");
        assertThat(data.resolve(replica).resolve("meridian.complete")).exists();

        String command = told.get().replaceAll("^[^`]*`([^`]*)`.*$", "$1");
        assertThat(new ProcessBuilder("sh", "-c", command).start().waitFor()).isZero();
        restart();
        assertThat(name(PostgresRole.PRIMARY)).isEqualTo(primary);
        assertThat(rows(stack().postgresPrimary())).contains(7001);
        streams();
    }

    @Test
    void aBackupBringsBackWhatWasWrittenBeforeItAndNothingElse(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("all of it.tar");
        write("INSERT INTO kept VALUES (8001)");
        stack().promote();
        try (ControlChannel ignored = ControlChannel.open(stack(), () -> {})) {
            RemoteStack.on(data).command("backup", file.toString());
        }
        write("INSERT INTO kept VALUES (8002)");
        assertThatThrownBy(() -> Stack.restore(settings(), file))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("Another stack runs");
        stack().stop();
        Path other = Files.writeString(folder.resolve("other.tar"), "not a backup");
        assertThatThrownBy(() -> Stack.restore(settings(), other))
                .isInstanceOf(StackException.class)
                .hasMessageStartingWith(other + " is no backup that ./run made")
                .hasMessageEndingWith("Nothing was changed.");

        Stack.restore(settings(), file);
        restart();

        assertThat(name(PostgresRole.PRIMARY)).isEqualTo("postgres-primary");
        assertThat(rows(stack().postgresPrimary())).containsExactly(8001);
        write("INSERT INTO kept VALUES (8003)");
        streams();
        assertThat(rows(stack().postgresReplica())).containsExactly(8001, 8003);

        // As a restoration leaves it that ends in the middle.
        stack().stop();
        Path restored = Files.createDirectory(data.resolve("restored"));
        assertThat(new ProcessBuilder("tar", "-xf", file.toString(), "-C", restored.toString())
                        .start()
                        .waitFor())
                .isZero();
        Folders.delete(data.resolve("postgres-primary").resolve("base"));
        restart();
        assertThat(rows(stack().postgresPrimary())).containsExactly(8001);
        streams();
    }

    /** Last, since it takes the data. */
    @Test
    @Order(Integer.MAX_VALUE)
    void aFreshStartForgetsPromotions() throws Exception {
        if (name(PostgresRole.PRIMARY).equals("postgres-primary")) {
            stack().promote();
        }
        assertThat(name(PostgresRole.PRIMARY)).isEqualTo("postgres-replica");
        stack().stop();

        start(settings().withFresh(true), "postgres-primary", "postgres-replica");

        assertThat(name(PostgresRole.PRIMARY)).isEqualTo("postgres-primary");
        assertThat(stack().component("postgres-primary").state()).isEqualTo(ComponentState.UP);
        assertThat(timeline()).isEqualTo(1);
        assertThat(read(stack().postgresPrimary(), "SELECT count(*) FROM pg_class WHERE relname = 'kept'"))
                .isZero();
    }

    private static String name(PostgresRole role) {
        return stack().status().stream()
                .filter(component -> component.role() == role)
                .map(Component::name)
                .reduce((one, other) -> one + " and " + other)
                .orElse("nobody");
    }

    private static void synchronously(Duration patience) {
        stack().replicate(patience);
        await("the replica to be in step").atMost(LIMIT).until(() -> stack().isReplicaInStep());
    }

    /** As a promotion does it, and no more. */
    private static void handOver() {
        Path record = data.resolve("postgres/roles.json");
        PostgresRoles.read(record)
                .orElseGet(() -> PostgresRoles.initial("postgres-primary"))
                .handedOverTo(name(PostgresRole.REPLICA))
                .write(record);
    }

    private static void isRefused(String message) {
        assertThatThrownBy(() -> stack().promote(SOON))
                .isInstanceOf(StackException.class)
                .hasMessageMatching(message);
    }

    private static void isReadOnly(Address server) {
        assertThatThrownBy(() -> {
                    try (Connection connection = connect(server)) {
                        connection.createStatement().execute("INSERT INTO kept VALUES (1000000)");
                    }
                })
                .isInstanceOf(SQLException.class)
                .hasMessageContaining("read-only");
    }

    /** The replica gets and shows all that the primary has now. */
    private static void streams() throws SQLException {
        List<Integer> all = rows(stack().postgresPrimary());
        await("the replica to have all rows")
                .atMost(LIMIT)
                .ignoreExceptions()
                .until(() -> rows(stack().postgresReplica()).equals(all));
        await("the replica to stream")
                .atMost(LIMIT)
                .until(() -> read(
                                stack().postgresPrimary(),
                                "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
                        == 1);
    }

    private static long timeline() throws SQLException {
        return read(
                stack().postgresPrimary(),
                "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int");
    }

    private static void write(String sql) throws SQLException {
        try (Connection connection = connect(stack().postgresPrimary())) {
            connection.createStatement().execute(sql);
        }
    }

    private static long read(Address server, String sql) throws SQLException {
        try (Connection connection = connect(server);
                ResultSet row = connection.createStatement().executeQuery(sql)) {
            row.next();
            return row.getObject(1) instanceof Number number ? number.longValue() : 0;
        }
    }

    private static List<Integer> rows(Address server) throws SQLException {
        try (Connection connection = connect(server);
                ResultSet rows = connection.createStatement().executeQuery("SELECT id FROM kept ORDER BY id")) {
            List<Integer> ids = new ArrayList<>();
            while (rows.next()) {
                ids.add(rows.getInt(1));
            }
            return ids;
        }
    }

    private static Connection connect(Address server) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + server + "/orders?sslmode=disable&connectTimeout=5&socketTimeout=60",
                "postgres",
                "postgres");
    }
}

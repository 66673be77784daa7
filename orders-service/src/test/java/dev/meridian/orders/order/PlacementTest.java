package dev.meridian.orders.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.meridian.orders.Money;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.catalogue.Catalogue;
import dev.meridian.orders.outbox.Outbox;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.json.JsonMapper;

/** Placements of two instances that meet in one database. */
@RunningService
class PlacementTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final PlaceOrder REQUEST =
            new PlaceOrder(List.of(new PlaceOrder.RequestedLine("TEA-001", 2)), "tok_ok");
    private static final PlaceOrder OTHER =
            new PlaceOrder(List.of(new PlaceOrder.RequestedLine("TEA-001", 3)), "tok_ok");

    private final Catalogue catalogue;
    private final Orders orders;
    private final Outbox outbox;
    private final JsonMapper json;
    private final JdbcClient jdbc;
    private final DataSource dataSource;
    private final TransactionTemplate transaction;
    private final String superuser;
    private final OrderService here;
    private final OrderService there;
    private final String customer = "customer-" + UUID.randomUUID();
    private final ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();

    @Autowired
    PlacementTest(
            Catalogue catalogue,
            Orders orders,
            Outbox outbox,
            JsonMapper json,
            JdbcClient jdbc,
            DataSource dataSource,
            TransactionTemplate transaction,
            @Value("${meridian.postgres}") String hosts) {
        this.catalogue = catalogue;
        this.orders = orders;
        this.outbox = outbox;
        this.json = json;
        this.jdbc = jdbc;
        this.dataSource = dataSource;
        this.transaction = transaction;
        this.superuser = "jdbc:postgresql://" + hosts.split(",")[0] + "/orders?user=postgres&password=postgres";
        this.here = instance(orders);
        this.there = instance(orders);
    }

    private OrderService instance(Orders itsOrders) {
        return new OrderService(catalogue, itsOrders, outbox, json, Clock.systemUTC());
    }

    @AfterEach
    void end() {
        clients.shutdownNow();
    }

    private int stored(String key) {
        return jdbc.sql("SELECT count(*) FROM orders WHERE customer = ? AND idempotency_key = ?")
                .params(customer, key)
                .query(Integer.class)
                .single();
    }

    private static Placement.Placed placed(Placement placement) {
        assertThat(placement).isInstanceOf(Placement.Placed.class);
        return (Placement.Placed) placement;
    }

    /** Keeps every placement waiting, so that those who come meanwhile form a group. */
    private final class HeldUp implements AutoCloseable {

        private final Connection connection = DriverManager.getConnection(superuser);

        private HeldUp() throws SQLException {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("LOCK TABLE order_lines IN SHARE MODE");
            }
        }

        /** Places an order for each writer, which is held up, and then the others' behind them. */
        private Future<Placement> first(OrderService service) {
            Future<Placement> first = clients.submit(() -> service.place(customer, "held-up", REQUEST));
            awaitWriters(1);
            clients.submit(() -> service.place(customer, "held-up too", REQUEST));
            awaitWriters(2);
            return first;
        }

        private void awaitWriters(int count) {
            await().atMost(SOON)
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> jdbc.sql(
                                            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'WITH request%'")
                                    .query(Integer.class)
                                    .single()
                            == count);
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }

    /** Starts a placement that waits for its group by the time that this returns. */
    private static Future<Placement> waiting(Callable<Placement> placing) {
        FutureTask<Placement> placement = new FutureTask<>(placing);
        Thread thread = Thread.ofVirtual().start(placement);
        await().atMost(SOON)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(2))
                .until(() -> thread.getState() == Thread.State.TIMED_WAITING || placement.isDone());
        return placement;
    }

    /** A key that a transaction of another process holds, which has not committed. */
    private final class InFlight implements AutoCloseable {

        private final Connection connection = DriverManager.getConnection(superuser);

        private InFlight(String key) throws SQLException {
            connection.setAutoCommit(false);
            try (PreparedStatement statement = connection.prepareStatement("""
                    INSERT INTO orders (id, customer, status, version, placed_at, total, currency, payment_token,
                                        idempotency_key, request_hash)
                    VALUES (gen_random_uuid(), ?, 'PLACED', 1, now(), 1, 'EUR', 'tok_ok', ?, '\\x00')""")) {
                statement.setString(1, customer);
                statement.setString(2, key);
                statement.executeUpdate();
            }
        }

        @Override
        public void close() throws SQLException {
            connection.close(); // which undoes it
        }
    }

    @Test
    void fiftyRequestsOverTwoInstancesAreOneOrder() throws Exception {
        List<Future<Placement>> placements = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            OrderService service = i % 2 == 0 ? here : there;
            placements.add(clients.submit(() -> service.place(customer, "key", REQUEST)));
        }
        List<Placement.Placed> all = new ArrayList<>();
        for (Future<Placement> placement : placements) {
            all.add(placed(placement.get(30, TimeUnit.SECONDS)));
        }

        assertThat(all)
                .extracting(Placement.Placed::order)
                .containsOnly(all.getFirst().order());
        assertThat(all).filteredOn(placement -> !placement.replayed()).hasSize(1);
        assertThat(stored("key")).isEqualTo(1);
    }

    /** All in one statement: the second of a key finds the first in its own statement. */
    @Test
    void oneGroupWithOneKeyTwiceIsOneOrder() throws Exception {
        Future<Placement> first;
        List<Future<Placement>> twice = new ArrayList<>();
        try (HeldUp heldUp = new HeldUp()) {
            first = heldUp.first(here);
            twice.add(waiting(() -> here.place(customer, "key", REQUEST)));
            twice.add(waiting(() -> here.place(customer, "key", OTHER)));
        }
        assertThat(placed(first.get(30, TimeUnit.SECONDS)).replayed()).isFalse();
        assertThat(List.of(twice.get(0).get(30, TimeUnit.SECONDS), twice.get(1).get(30, TimeUnit.SECONDS)))
                .hasAtLeastOneElementOfType(Placement.Placed.class)
                .hasAtLeastOneElementOfType(Placement.KeyReused.class);
        assertThat(stored("key")).isEqualTo(1);
    }

    /** Statements of many keys, which come in opposite orders at the same time; they meet in the middle. */
    @Test
    void statementsOfTheSameKeysInOppositeOrdersDoNotWaitInACircle() throws Exception {
        for (int round = 0; round < 20; round++) {
            List<String> keys = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                keys.add("round " + round + " key " + i);
            }
            CyclicBarrier together = new CyclicBarrier(2);
            List<Future<Integer>> inserts = new ArrayList<>();
            for (List<String> ordered : List.of(keys, keys.reversed())) {
                List<NewOrder> batch = ordered.stream().map(this::order).toList();
                inserts.add(clients.submit(() -> {
                    together.await(20, TimeUnit.SECONDS);
                    return orders.insert(batch).size();
                }));
            }
            int written = 0;
            for (Future<Integer> insert : inserts) {
                written += insert.get(30, TimeUnit.SECONDS);
            }
            assertThat(written).isEqualTo(keys.size());
        }
    }

    private NewOrder order(String key) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        Money price = new Money(BigDecimal.ONE, "EUR");
        Order order = Order.placed(
                UUID.randomUUID(), customer, now, List.of(new Order.Line("TEA-001", "Assam, second flush", 1, price)));
        return new NewOrder(
                order, "tok_ok", key, new byte[0], json.writeValueAsString(OrderPlaced.of(order, "tok_ok")), null);
    }

    @Test
    void aKeyThatIsInFlightElsewhereIsInUseAndItsNeighboursArePlaced() throws Exception {
        List<Future<Placement>> neighbours = new ArrayList<>();
        Future<Placement> blocked;
        try (InFlight inFlight = new InFlight("blocked")) {
            try (HeldUp heldUp = new HeldUp()) {
                heldUp.first(here);
                blocked = waiting(() -> here.place(customer, "blocked", REQUEST));
                for (int i = 0; i < 5; i++) {
                    String key = "neighbour " + i;
                    neighbours.add(waiting(() -> here.place(customer, key, REQUEST)));
                }
            }
            for (Future<Placement> neighbour : neighbours) {
                assertThat(placed(neighbour.get(30, TimeUnit.SECONDS)).replayed())
                        .isFalse();
            }
            assertThat(blocked.get(30, TimeUnit.SECONDS)).isEqualTo(new Placement.KeyInUse());
        }
        assertThat(stored("blocked")).isZero();
        assertThat(placed(here.place(customer, "blocked", REQUEST)).replayed()).isFalse();
    }

    @Test
    void aRequestThatTheDatabaseRefusesDoesNotFailItsNeighbours() throws Exception {
        List<Future<Placement>> neighbours = new ArrayList<>();
        Future<Placement> guilty;
        try (HeldUp heldUp = new HeldUp()) {
            heldUp.first(here);
            guilty = waiting(() -> here.place("no text: \0", "guilty", REQUEST));
            for (int i = 0; i < 5; i++) {
                String key = "neighbour " + i;
                neighbours.add(waiting(() -> here.place(customer, key, REQUEST)));
            }
        }
        for (Future<Placement> neighbour : neighbours) {
            assertThat(placed(neighbour.get(30, TimeUnit.SECONDS)).replayed()).isFalse();
        }
        assertThat(guilty)
                .failsWithin(SOON)
                .withThrowableThat()
                .havingCause()
                .isInstanceOf(DataIntegrityViolationException.class);
    }

    @Test
    void aConnectionThatIsCutBeforeTheCommitCostsNothing() throws Exception {
        Future<Placement> placement;
        try (HeldUp heldUp = new HeldUp()) {
            placement = heldUp.first(here);
            try (Connection connection = DriverManager.getConnection(superuser);
                    Statement statement = connection.createStatement()) {
                statement.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'WITH request%'");
            }
        }
        assertThat(placed(placement.get(30, TimeUnit.SECONDS)).replayed()).isFalse();
        assertThat(stored("held-up")).isEqualTo(1);
    }

    /** The commit stands, and its answer is lost with the connection: the second attempt finds its own order. */
    @Test
    void aConnectionThatIsCutAfterTheCommitLeavesOneOrderWhichIsTheAnswer() {
        AtomicInteger losses = new AtomicInteger(1);
        OrderService service = instance(new Orders(JdbcClient.create(new AnswersLost(dataSource, losses))));

        Placement.Placed first = placed(service.place(customer, "key", REQUEST));

        assertThat(losses).hasValue(0);
        assertThat(first.replayed()).isFalse();
        assertThat(stored("key")).isEqualTo(1);
        assertThat(placed(there.place(customer, "key", REQUEST))).isEqualTo(new Placement.Placed(first.order(), true));
    }

    @Test
    void aConnectionThatIsCutTwiceIsAFailureThatTheSameKeyMends() {
        AtomicInteger losses = new AtomicInteger(2);
        OrderService service = instance(new Orders(JdbcClient.create(new AnswersLost(dataSource, losses))));

        assertThatThrownBy(() -> service.place(customer, "key", REQUEST)).isInstanceOf(DataAccessException.class);

        assertThat(placed(service.place(customer, "key", REQUEST)).replayed()).isTrue();
        assertThat(stored("key")).isEqualTo(1);
    }

    /** The first statements commit, and the answers to so many of them do not arrive. */
    private static final class AnswersLost extends DelegatingDataSource {

        private final AtomicInteger losses;

        private AnswersLost(DataSource target, AtomicInteger losses) {
            super(target);
            this.losses = losses;
        }

        @Override
        public Connection getConnection() throws SQLException {
            Connection connection = super.getConnection();
            return wrap(Connection.class, connection, (method, result) -> {
                if (!(result instanceof PreparedStatement statement)) {
                    return result;
                }
                return wrap(PreparedStatement.class, statement, (call, rows) -> {
                    if (call.startsWith("execute") && losses.get() > 0) {
                        losses.decrementAndGet();
                        connection.close();
                        throw new SQLException("An I/O error occurred", "08006");
                    }
                    return rows;
                });
            });
        }

        private interface After {
            Object on(String method, Object result) throws SQLException;
        }

        private static <T> T wrap(Class<T> type, T target, After after) {
            return type.cast(Proxy.newProxyInstance(
                    type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                        try {
                            return after.on(method.getName(), method.invoke(target, arguments));
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    }));
        }
    }

    @Test
    void theAnswerIsTheFirstVersionAlsoAfterTheOrderWasSettledAndItsProductWentFromTheCatalogue() {
        Placement.Placed first = placed(here.place(customer, "key", REQUEST));
        transaction.executeWithoutResult(status -> orders.settle(
                List.of(new Orders.Settlement(first.order().id(), Order.Status.REJECTED, Order.Reason.OUT_OF_STOCK))));

        Placement.Placed again = placed(there.place(customer, "key", REQUEST));

        assertThat(again).isEqualTo(new Placement.Placed(first.order(), true));
        assertThat(json.writeValueAsBytes(again.order())).isEqualTo(json.writeValueAsBytes(first.order()));

        PlaceOrder gone = new PlaceOrder(List.of(new PlaceOrder.RequestedLine("GONE-001", 1)), "tok_ok");
        assertThat(here.place(customer, "gone", gone)).isEqualTo(new Placement.UnknownSku("GONE-001"));
        jdbc.sql("""
                UPDATE orders SET idempotency_key = 'gone', request_hash = sha256(convert_to(?, 'UTF8')) WHERE id = ?""").params(json.writeValueAsString(gone), first.order().id()).update();
        assertThat(here.place(customer, "gone", gone)).isEqualTo(again);
    }

    /** A replay acknowledges: it has to commit under the rules of the first answer, and so it has to write. */
    @Test
    void aReplayHasLockedItsOrderBeforeItAnswers() throws Exception {
        UUID id = placed(here.place(customer, "key", REQUEST)).order().id();
        String before = lockedBy(id);

        here.place(customer, "key", REQUEST);

        assertThat(lockedBy(id)).isNotEqualTo(before);
        transaction.executeWithoutResult(status -> {
            jdbc.sql("SELECT FROM orders WHERE id = ? FOR UPDATE")
                    .param(id)
                    .query()
                    .listOfRows();
            assertThat(clients.submit((Callable<Placement>) () -> here.place(customer, "key", REQUEST)))
                    .failsWithin(SOON)
                    .withThrowableThat()
                    .havingCause()
                    .isInstanceOf(DataAccessException.class);
        });
    }

    private String lockedBy(UUID id) {
        return jdbc.sql("SELECT xmax::text FROM orders WHERE id = ?")
                .param(id)
                .query(String.class)
                .single();
    }

    @Test
    void aPlacementIsNoPartOfAnotherTransaction() {
        assertThatThrownBy(() -> transaction.execute(status -> here.place(customer, "key", REQUEST)))
                .isInstanceOf(IllegalStateException.class);
        assertThat(stored("key")).isZero();
    }
}

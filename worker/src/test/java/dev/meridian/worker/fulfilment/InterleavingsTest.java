package dev.meridian.worker.fulfilment;

import static dev.meridian.worker.fulfilment.Orders.batch;
import static dev.meridian.worker.fulfilment.Orders.cancellation;
import static dev.meridian.worker.fulfilment.Orders.line;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.worker.Backing;
import dev.meridian.worker.fulfilment.Fulfilment.Decided;
import dev.meridian.worker.payment.Payment;
import dev.meridian.worker.payment.PaymentProvider;
import dev.meridian.worker.payment.PaymentRequests;
import dev.meridian.worker.payment.PaymentResult;
import dev.meridian.worker.payment.PaymentResult.Charged;
import dev.meridian.worker.payment.PaymentUnavailable;
import dev.meridian.worker.payment.RefundResult;
import dev.meridian.worker.payment.simulated.Simulation;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * Every interleaving of several deliveries of one order's placement and of its cancellation, with a crash of all of
 * them at every point, on a real database.
 *
 * <p>A step is one transaction or one publication: these are whole to the outside, so between them is where deliveries
 * meet and processes end. The test walks through the states that any order of steps can reach. A state is what the
 * database holds, and for each delivery its last step and what that told it, since nothing else decides how it goes
 * on. From each state two things are tried: each delivery's next step, and the end of all processes, after which the
 * queue delivers again what nobody accepted. A delivery that crashes alone is one that is not stepped any more.
 */
class InterleavingsTest {

    private static final int STOCK = 5;
    private static final int QUANTITY = 2;
    private static final int DELIVERY_LIMIT = 10;

    private static HikariDataSource database = new HikariDataSource();

    private final JdbcClient jdbc = JdbcClient.create(database);
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Duration patient = Duration.ofSeconds(90);

    enum Scenario {
        PLACED_TWICE("tok_ok", Provider.AT_ONCE, 2, 0),
        DECLINED_TWICE("tok_declined", Provider.AT_ONCE, 2, 0),
        FLAKY_TWICE("tok_flaky_1", Provider.AT_ONCE, 2, 0),
        PLACED_TWICE_AND_CANCELLED_TWICE("tok_ok", Provider.AT_ONCE, 2, 2),
        DECLINED_AND_CANCELLED("tok_declined", Provider.AT_ONCE, 2, 1),
        FLAKY_AND_CANCELLED("tok_flaky_1", Provider.AT_ONCE, 2, 1),
        CHARGED_WHILE_CANCELLED("tok_ok", Provider.IN_TWO_STEPS, 2, 1),
        CHARGED_WHILE_CANCELLED_TWICE("tok_ok", Provider.IN_TWO_STEPS, 1, 2);

        final String token;
        final Provider provider;
        final int placed;
        final int cancelled;

        Scenario(String token, Provider provider, int placed, int cancelled) {
            this.token = token;
            this.provider = provider;
            this.placed = placed;
            this.cancelled = cancelled;
        }

        boolean cancels(int delivery) {
            return delivery >= placed;
        }

        int deliveries() {
            return placed + cancelled;
        }
    }

    /** How the provider treats a charge that is under way when its order is refunded. */
    enum Provider {
        /** It never is: charge and refund are whole. */
        AT_ONCE,
        /** It still goes through, as {@link PaymentProvider#refund} allows. */
        IN_TWO_STEPS
    }

    @BeforeAll
    static void migrate() {
        database = Backing.database(8);
        // Thousands of small commits, and none has to outlive a power cut.
        database.setConnectionInitSql("SET synchronous_commit = off");
    }

    @AfterAll
    static void close() {
        database.close();
    }

    @AfterEach
    void cleanUp() {
        Backing.reset(jdbc);
        jdbc.sql("DELETE FROM stock WHERE sku LIKE 'STEP-%'").update();
    }

    @ParameterizedTest
    @EnumSource
    void endInOneOfTheTwoWaysThatAddUp(Scenario scenario) throws Exception {
        int states = 1;
        try (var threads = Executors.newFixedThreadPool(8)) {
            Set<String> known = Collections.synchronizedSet(new HashSet<>());
            List<State> frontier = List.of(State.initial(scenario));
            while (!frontier.isEmpty()) {
                List<Callable<@Nullable State>> steps = new ArrayList<>();
                for (State state : frontier) {
                    for (int delivery : state.open()) {
                        steps.add(() -> reach(scenario, state, delivery, known));
                    }
                }
                List<State> reached = new ArrayList<>();
                for (var step : threads.invokeAll(steps)) {
                    State state = result(step);
                    if (state != null) {
                        reached.add(state);
                    }
                }
                frontier = reached;
                states += reached.size();
            }
        }
        LoggerFactory.getLogger(getClass()).info("{}: {} states", scenario, states);
        assertThat(states).as("more than one delivery after the other alone").isGreaterThan(4 * scenario.deliveries());
    }

    private static <T extends @Nullable Object> T result(Future<T> step) throws Exception {
        try {
            return step.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AssertionError violation) {
                throw violation;
            }
            throw e;
        }
    }

    /**
     * How far a delivery has come.
     *
     * @param last the statements of its last transaction, or how it ended
     * @param learned the part of the database that this transaction looked at, as it was before
     */
    private record Progress(String last, String learned) {

        static final Progress NONE = new Progress("none", "");
        static final Progress ACCEPTED = new Progress("accepted", "");
        static final Progress RELEASED = new Progress("released", "");
    }

    /**
     * A state and one way to it.
     *
     * @param path which delivery took each step
     * @param open the deliveries that are not over
     */
    private record State(List<Integer> path, Book book, List<Progress> deliveries, List<Integer> open) {

        static State initial(Scenario scenario) {
            return new State(
                    List.of(),
                    new Book("-", "-", "0 " + STOCK),
                    Collections.nCopies(scenario.deliveries(), Progress.NONE),
                    IntStream.range(0, scenario.deliveries()).boxed().toList());
        }

        /** Deliveries of the same event are one like the other. */
        String key(Scenario scenario) {
            return book.toString()
                    + sorted(deliveries.subList(0, scenario.placed))
                    + sorted(deliveries.subList(scenario.placed, deliveries.size()));
        }

        private static List<String> sorted(List<Progress> deliveries) {
            return deliveries.stream().map(Progress::toString).sorted().toList();
        }
    }

    /** What the database holds of an order: its status, its payment, its held and the available stock. */
    private record Book(String status, String payment, String stock) {

        String seenBy(String sql) {
            if (sql.contains("simulated_payment")) {
                return payment;
            }
            return sql.contains("fulfilment") ? status + " " + stock : "";
        }
    }

    /** Takes one more step from a state; then, where nobody has been before, ends all processes there. */
    private @Nullable State reach(Scenario scenario, State from, int delivery, Set<String> known) {
        var order = new TestOrder(scenario);
        order.place();
        List<Integer> path = plus(from.path, delivery);
        try {
            path.forEach(order::step);
            Stepped stepped = order.deliveries.get(delivery);
            Progress before = from.deliveries.get(delivery);
            String sql = order.lastStatements(delivery);
            Throwable failure = stepped.failure();
            if (failure != null && !(failure instanceof PaymentUnavailable)) {
                throw new AssertionError("a delivery failed: " + failure, failure);
            }
            Progress after = !stepped.isOver()
                    ? new Progress(sql, from.book.seenBy(sql))
                    : failure == null ? Progress.ACCEPTED : Progress.RELEASED;
            if (order.toldBy(delivery)) {
                assertThat(before.learned)
                        .as("what a delivery had learned before it told the outcome")
                        .doesNotStartWith("CANCELLED");
            }
            var all = new ArrayList<>(from.deliveries);
            all.set(delivery, after);
            var open = from.open.stream()
                    .filter(i -> i != delivery || !stepped.isOver())
                    .toList();
            var state = new State(path, order.book(), all, open);
            if (!known.add(state.key(scenario))) {
                order.kill();
                return null;
            }
            order.kill();
            // In both directions, about half of the states each.
            order.deliverAgain((state.key(scenario).hashCode() & 1) == 0);
            order.addsUp();
            order.deliverEverythingOnceMore();
            order.addsUp();
            return state;
        } catch (AssertionError | RuntimeException e) {
            order.kill();
            throw new AssertionError(
                    path.stream()
                                    .map(i -> (scenario.cancels(i) ? "cancellation " : "placement ") + i)
                                    .collect(Collectors.joining(", ", "After the steps ", ": "))
                            + e.getMessage(),
                    e);
        }
    }

    private static <T> List<T> plus(List<T> list, T last) {
        return Stream.concat(list.stream(), Stream.of(last)).toList();
    }

    /** An order with a SKU of its own, so that many can be tried side by side. */
    private final class TestOrder {

        private final Scenario scenario;
        private final OrderPlaced placed;
        private final OrderCancelled cancelled;
        private final Map<Integer, String> statements = new ConcurrentHashMap<>();
        private final String sku = "STEP-" + UUID.randomUUID();
        private final List<Stepped> deliveries;
        private final List<Decided> told = Collections.synchronizedList(new ArrayList<>());
        private final Set<Integer> tellers = Collections.synchronizedSet(new HashSet<>());
        private final List<Runnable> handlings;

        TestOrder(Scenario scenario) {
            this.scenario = scenario;
            this.placed = Orders.order(scenario.token, line(sku, QUANTITY));
            this.cancelled = cancellation(placed);
            this.handlings = IntStream.range(0, scenario.deliveries())
                    .mapToObj(this::handling)
                    .toList();
            this.deliveries = handlings.stream().map(Stepped::new).toList();
        }

        private Runnable handling(int delivery) {
            var steps = new SteppingDataSource(sql -> statements.merge(delivery, sql, String::concat), () -> {
                statements.put(delivery, "");
            });
            JdbcClient stepping = JdbcClient.create(steps);
            var fulfilments = new Fulfilments(stepping, Backing.transactions(steps));
            PaymentProvider provider =
                    switch (scenario.provider) {
                        case AT_ONCE -> Simulation.of(stepping);
                        case IN_TWO_STEPS -> new ChargingInTwoSteps(stepping);
                    };
            var payments = new PaymentRequests(provider, patient, meters);
            if (scenario.cancels(delivery)) {
                var canceller = new OrderCancellation(fulfilments, payments, meters);
                return () -> allDone(canceller.handle(batch(cancelled)));
            }
            var fulfilment = new OrderFulfilment(
                    fulfilments,
                    payments,
                    Orders.telling(decided -> decided.forEach(decision -> tell(delivery, decision))),
                    meters);
            return () -> allDone(fulfilment.handle(batch(placed)));
        }

        private static void allDone(Map<UUID, String> failures) {
            if (!failures.isEmpty()) {
                throw new PaymentUnavailable(failures.toString());
            }
        }

        void place() {
            jdbc.sql("INSERT INTO stock (sku, available) VALUES (?, ?)")
                    .params(sku, STOCK)
                    .update();
        }

        void step(int delivery) {
            deliveries.get(delivery).step();
        }

        void kill() {
            deliveries.forEach(Stepped::kill);
        }

        String lastStatements(int delivery) {
            return statements.getOrDefault(delivery, "none");
        }

        boolean toldBy(int delivery) {
            return tellers.contains(delivery);
        }

        private void tell(int delivery, Decided decision) {
            Stepped.pause();
            statements.put(delivery, "publish");
            told.add(decision);
            tellers.add(delivery);
        }

        /** The queue delivers what was not accepted, until it is. */
        void deliverAgain(boolean lastFirst) {
            List<Integer> left = IntStream.range(0, deliveries.size())
                    .filter(i ->
                            !deliveries.get(i).isOver() || deliveries.get(i).failure() != null)
                    .boxed()
                    .toList();
            (lastFirst ? left.reversed() : left).forEach(this::untilAccepted);
        }

        void deliverEverythingOnceMore() {
            int before = told.size();
            IntStream.range(0, deliveries.size()).forEach(this::untilAccepted);
            if (scenario.cancelled > 0) {
                assertThat(told).as("told after the cancellation was accepted").hasSize(before);
            }
        }

        private void untilAccepted(int delivery) {
            for (int i = 1; i <= DELIVERY_LIMIT; i++) {
                boolean known = book().status.equals("CANCELLED");
                int before = told.size();
                try {
                    handlings.get(delivery).run();
                    if (known) {
                        assertThat(told).as("told of a cancelled order").hasSize(before);
                    }
                    return;
                } catch (PaymentUnavailable e) {
                    // Delivered again.
                }
            }
            throw new AssertionError("never accepted: delivery " + delivery);
        }

        Book book() {
            return jdbc.sql("""
                            SELECT COALESCE((SELECT status FROM fulfilment WHERE order_id = :order), '-'),
                                   COALESCE((SELECT COALESCE(result, 'OPEN' || attempts)
                                               FROM simulated_payment WHERE order_id = :order), '-'),
                                   (SELECT COALESCE(sum(quantity), 0) FROM reservation WHERE order_id = :order)
                                   || ' ' || (SELECT available FROM stock WHERE sku = :sku)
                            """)
                    .param("order", placed.orderId())
                    .param("sku", sku)
                    .query((row, _) -> new Book(row.getString(1), row.getString(2), row.getString(3)))
                    .single();
        }

        void addsUp() {
            Book book = book();
            assertThat(told.stream().distinct()).as("what was told").hasSizeLessThanOrEqualTo(1);
            if (scenario.cancelled > 0) {
                assertThat(book.status).isEqualTo("CANCELLED");
                assertThat(book.payment).isIn("REFUNDED", "BARRED", "DECLINED");
                assertThat(book.stock).as("held and available stock").isEqualTo("0 " + STOCK);
            } else if (scenario.token.equals("tok_declined")) {
                assertThat(book).isEqualTo(new Book("REJECTED", "DECLINED", "0 " + STOCK));
                assertThat(told).isNotEmpty();
            } else {
                assertThat(book).isEqualTo(new Book("CONFIRMED", "CHARGED", QUANTITY + " " + (STOCK - QUANTITY)));
                assertThat(told).isNotEmpty();
            }
        }
    }

    /** Each transaction is a step: the worker takes a connection for one transaction alone. */
    private static final class SteppingDataSource extends DelegatingDataSource {

        private final Consumer<String> statements;
        private final Runnable begin;

        SteppingDataSource(Consumer<String> statements, Runnable begin) {
            super(database);
            this.statements = statements;
            this.begin = begin;
        }

        @Override
        public Connection getConnection() throws SQLException {
            Stepped.pause();
            begin.run();
            Connection connection = super.getConnection();
            return (Connection) Proxy.newProxyInstance(
                    getClass().getClassLoader(), new Class<?>[] {Connection.class}, (_, method, arguments) -> {
                        if (method.getName().equals("prepareStatement")) {
                            statements.accept((String) arguments[0]);
                        }
                        try {
                            return method.invoke(connection, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        }
    }

    /** Looks for the bar first and books later, whatever has happened in between. */
    private static final class ChargingInTwoSteps implements PaymentProvider {

        private final JdbcClient jdbc;
        private final PaymentProvider simulated;

        ChargingInTwoSteps(JdbcClient jdbc) {
            this.jdbc = jdbc;
            this.simulated = Simulation.of(jdbc);
        }

        @Override
        public PaymentResult charge(Payment payment) {
            boolean barred =
                    jdbc.sql("""
                            SELECT EXISTS (SELECT FROM simulated_payment
                                            WHERE order_id = ? AND result IN ('BARRED', 'REFUNDED'))
                            """).param(payment.orderId()).query(Boolean.class).single();
            if (barred) {
                return new PaymentResult.Barred();
            }
            jdbc.sql("""
                            INSERT INTO simulated_payment AS book (order_id, amount, currency, attempts, result)
                            VALUES (?, 24, 'EUR', 1, 'CHARGED')
                            ON CONFLICT (order_id) DO UPDATE
                               SET amount = 24, currency = 'EUR',
                                   result = CASE book.result WHEN 'BARRED' THEN 'CHARGED' ELSE book.result END
                            """).param(payment.orderId()).update();
            return new Charged();
        }

        @Override
        public RefundResult refund(UUID orderId) {
            return simulated.refund(orderId);
        }
    }
}

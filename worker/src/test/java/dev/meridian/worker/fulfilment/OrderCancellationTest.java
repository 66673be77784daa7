package dev.meridian.worker.fulfilment;

import static dev.meridian.worker.fulfilment.Orders.cancellation;
import static dev.meridian.worker.fulfilment.Orders.line;
import static dev.meridian.worker.fulfilment.Orders.order;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.worker.Backing;
import dev.meridian.worker.fulfilment.Fulfilment.Cancelled;
import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Decided;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.fulfilment.Fulfilment.Reserved;
import dev.meridian.worker.payment.Payment;
import dev.meridian.worker.payment.PaymentProvider;
import dev.meridian.worker.payment.PaymentResult;
import dev.meridian.worker.payment.PaymentUnavailable;
import dev.meridian.worker.payment.RefundResult;
import dev.meridian.worker.payment.simulated.Simulation;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import tools.jackson.databind.json.JsonMapper;

/** What is left of an order that was cancelled, on a real database. */
class OrderCancellationTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private static HikariDataSource database = new HikariDataSource();

    private final JdbcClient jdbc = JdbcClient.create(database);
    private final Fulfilments fulfilments = new Fulfilments(jdbc, Clock.systemUTC());
    private final PaymentProvider provider = Simulation.of(jdbc);
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final List<Decided> told = Collections.synchronizedList(new ArrayList<>());

    // Not the common pool: on two cores that is one thread.
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @BeforeAll
    static void migrate() {
        database = Backing.database(16);
    }

    @AfterAll
    static void close() {
        database.close();
    }

    @BeforeEach
    void reset() {
        Backing.reset(jdbc);
    }

    @Test
    void ofAConfirmedOrderGivesStockAndMoneyBack() {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3), line("TEA-001", 1));
        fulfilment(provider).fulfil(order);

        canceller(provider).cancel(cancellation(order));

        nothingIsLeftOf(order);
        assertThat(payment(order)).isEqualTo("REFUNDED");
        assertThat(told).as("what was told before").singleElement().isInstanceOf(Confirmed.class);
        assertThat(cancellations("confirmed")).isEqualTo(1);
        assertThat(refunds("refunded")).isEqualTo(1);
    }

    @Test
    void beforeThePlacementKeepsThePlacementFromTakingAnything() {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));

        canceller(provider).cancel(cancellation(order));
        fulfilment(provider).fulfil(order);
        fulfilment(provider).fulfil(order);

        nothingIsLeftOf(order);
        assertThat(payment(order)).isEqualTo("BARRED");
        assertThat(told).isEmpty();
        assertThat(cancellations("not_placed")).isEqualTo(1);
        assertThat(refunds("refunded")).isZero();
    }

    @Test
    void ofARejectedOrderChangesNothingElse() {
        for (String token : List.of("tok_declined", "tok_ok")) {
            reset();
            OrderPlaced order = order(token, line("LTD-001", token.equals("tok_ok") ? 51 : 3));
            fulfilment(provider).fulfil(order);
            assertThat(fulfilments.find(order.orderId())).get().isInstanceOf(Rejected.class);

            canceller(provider).cancel(cancellation(order));

            nothingIsLeftOf(order);
            assertThat(payment(order)).isEqualTo(token.equals("tok_ok") ? "BARRED" : "DECLINED");
        }
        assertThat(cancellations("rejected")).isEqualTo(2);
        assertThat(refunds("refunded")).isZero();
    }

    @Test
    void isForEverAndReleasesOnce() {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));
        fulfilment(provider).fulfil(order);
        OrderCancelled first = cancellation(order);
        canceller(provider).cancel(first);
        told.clear();

        canceller(provider)
                .cancel(new OrderCancelled(
                        order.orderId(), "alice", first.cancelledAt().plusSeconds(60)));
        fulfilment(provider).fulfil(order);

        nothingIsLeftOf(order);
        assertThat(fulfilments.find(order.orderId()))
                .as("the first cancellation counts")
                .contains(new Cancelled(order.orderId(), first.cancelledAt()));
        assertThat(told).isEmpty();
        assertThat(cancellations("cancelled")).isEqualTo(1);
    }

    @Test
    void endsAPaymentThatFailsAgainAndAgain() {
        OrderPlaced order = order("tok_poison", line("LTD-001", 3));
        assertThatThrownBy(() -> fulfilment(provider).fulfil(order)).isInstanceOf(PaymentUnavailable.class);
        assertThat(available("LTD-001")).isEqualTo(47);

        canceller(provider).cancel(cancellation(order));
        fulfilment(provider).fulfil(order);

        nothingIsLeftOf(order);
        assertThat(cancellations("reserved")).isEqualTo(1);
    }

    /** The charge has passed the bar and is booked after it: the one who charged finds the order cancelled. */
    @Test
    void duringAChargeIsFollowedByTheChargersRefund() {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));
        PaymentProvider cancelledMeanwhile = new PaymentProvider() {
            @Override
            public PaymentResult charge(Payment payment) {
                canceller(provider).cancel(cancellation(order));
                jdbc.sql("UPDATE simulated_payment SET result = 'CHARGED', amount = 24, currency = 'EUR'")
                        .update();
                return new PaymentResult.Charged();
            }

            @Override
            public RefundResult refund(UUID orderId) {
                return provider.refund(orderId);
            }
        };

        fulfilment(cancelledMeanwhile).fulfil(order);

        nothingIsLeftOf(order);
        assertThat(payment(order)).isEqualTo("REFUNDED");
        assertThat(told).isEmpty();
        assertThat(refunds("refunded")).isEqualTo(1);
    }

    @Test
    void isNotDoneBeforeTheRefund() {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));
        fulfilment(provider).fulfil(order);
        var away = new PaymentProvider() {
            @Override
            public PaymentResult charge(Payment payment) {
                return provider.charge(payment);
            }

            @Override
            public RefundResult refund(UUID orderId) {
                throw new PaymentUnavailable("away");
            }
        };

        assertThatThrownBy(() -> canceller(away).cancel(cancellation(order))).isInstanceOf(PaymentUnavailable.class);
        assertThat(payment(order)).isEqualTo("CHARGED");
        canceller(provider).cancel(cancellation(order));

        nothingIsLeftOf(order);
        assertThat(payment(order)).isEqualTo("REFUNDED");
    }

    @Test
    void waitsForAReservationThatIsBeingWritten() throws Exception {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            assertThat(on(connection).reserve(order)).isInstanceOf(Reserved.class);
            var cancelling =
                    CompletableFuture.runAsync(() -> canceller(provider).cancel(cancellation(order)), threads);
            await().atMost(SOON).until(() -> waiting() == 1);
            connection.commit();
            connection.setAutoCommit(true);

            cancelling.get(SOON.toSeconds(), TimeUnit.SECONDS);
        }

        nothingIsLeftOf(order);
    }

    @Test
    void isWaitedForByAReservation() throws Exception {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            assertThat(on(connection).cancel(cancellation(order))).isEmpty();
            var reserving = CompletableFuture.supplyAsync(() -> fulfilments.reserve(order), threads);
            await().atMost(SOON).until(() -> waiting() == 1);
            connection.commit();
            connection.setAutoCommit(true);

            assertThat(reserving.get(SOON.toSeconds(), TimeUnit.SECONDS)).isInstanceOf(Cancelled.class);
        }
        canceller(provider).cancel(cancellation(order));

        nothingIsLeftOf(order);
    }

    /**
     * One has stock and wants the order, the other has the order and wants the stock: unless they take turns. The
     * reservation comes from a delivery that began before another one's reservation was there.
     */
    @Test
    void takesTurnsWithAReservationOfTheSameOrder() throws Exception {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));
        try (Connection earlier = database.getConnection();
                Connection stock = database.getConnection()) {
            JdbcClient turn = JdbcClient.create(new SingleConnectionDataSource(earlier, true));
            turn.sql("SELECT pg_advisory_lock(hashtextextended(:order, 0))")
                    .param("order", order.orderId().toString())
                    .query()
                    .singleRow();
            var reserving = CompletableFuture.supplyAsync(() -> fulfilments.reserve(order), threads);
            await().atMost(SOON).until(() -> waiting() == 1);
            on(earlier).reserve(order);
            stock.setAutoCommit(false);
            JdbcClient.create(new SingleConnectionDataSource(stock, true))
                    .sql("SELECT sku FROM stock WHERE sku = 'LTD-001' FOR UPDATE")
                    .query(String.class)
                    .single();
            var cancelling =
                    CompletableFuture.runAsync(() -> canceller(provider).cancel(cancellation(order)), threads);
            await().atMost(SOON).until(() -> waiting() == 2);

            turn.sql("SELECT pg_advisory_unlock_all()").query().singleRow();
            await().atMost(SOON).until(() -> waiting() == 2);
            stock.commit();
            stock.setAutoCommit(true);

            assertThat(reserving.get(SOON.toSeconds(), TimeUnit.SECONDS)).isInstanceOf(Fulfilment.class);
            cancelling.get(SOON.toSeconds(), TimeUnit.SECONDS);
        }

        nothingIsLeftOf(order);
    }

    /** Real threads, orders that want the same few SKUs, each delivered three times and cancelled three times. */
    @Test
    void deliveriesAndCancellationsAtTheSameTimeLeaveNothing() throws Exception {
        long seed = Long.getLong("test.seed", System.nanoTime());
        var random = new Random(seed);
        var tokens = List.of("tok_ok", "tok_declined", "tok_flaky");
        var skus = List.of("TEA-001", "LTD-001", "COF-001");
        List<OrderPlaced> cancelled = new ArrayList<>();
        List<Runnable> work = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            OrderPlaced order =
                    order(tokens.get(i % 3), line(skus.get(i % 3), 1), line(skus.get(random.nextInt(3)), 1));
            boolean cancels = i % 4 != 0;
            if (cancels) {
                cancelled.add(order);
            }
            // Close to each other, so that they meet.
            List<Runnable> deliveries = new ArrayList<>();
            for (int j = 0; j < 3; j++) {
                deliveries.add(() -> fulfilment(provider).fulfil(order));
                if (cancels) {
                    deliveries.add(() -> canceller(provider).cancel(cancellation(order)));
                }
            }
            Collections.shuffle(deliveries, random);
            work.addAll(deliveries);
        }

        try (var sixteen = Executors.newFixedThreadPool(16)) {
            List<Future<?>> running = new ArrayList<>();
            work.forEach(one -> running.add(sixteen.submit(() -> untilAccepted(one))));
            for (Future<?> one : running) {
                one.get();
            }
        }

        assertThat(cancelled).as("seed %d", seed).allSatisfy(this::nothingIsHeldBy);
        assertThat(jdbc.sql("""
                        SELECT stock.sku
                          FROM stock LEFT JOIN reservation USING (sku)
                         GROUP BY stock.sku, available
                        HAVING available + COALESCE(sum(quantity), 0)
                               <> CASE stock.sku WHEN 'LTD-001' THEN 50 ELSE 10000000 END
                        """).query(String.class).list())
                .as("SKUs whose stock does not add up, seed %d", seed)
                .isEmpty();
        assertThat(jdbc.sql("""
                        SELECT order_id FROM fulfilment JOIN simulated_payment USING (order_id)
                         WHERE (status = 'CONFIRMED') <> (result = 'CHARGED')
                        """).query(UUID.class).list())
                .as("orders charged without being confirmed, or the other way round, seed %d", seed)
                .isEmpty();
    }

    private static void untilAccepted(Runnable delivery) {
        for (int i = 1; ; i++) {
            try {
                delivery.run();
                return;
            } catch (PaymentUnavailable e) {
                if (i == 20) {
                    throw e;
                }
            }
        }
    }

    private Fulfilments on(Connection connection) {
        return new Fulfilments(JdbcClient.create(new SingleConnectionDataSource(connection, true)), Clock.systemUTC());
    }

    private int waiting() {
        return jdbc.sql("""
                        SELECT count(*) FROM pg_stat_activity
                         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%fulfilment%'
                        """).query(Integer.class).single();
    }

    private void nothingIsLeftOf(OrderPlaced order) {
        nothingIsHeldBy(order);
        assertThat(available("LTD-001")).isEqualTo(50);
        assertThat(available("TEA-001")).isEqualTo(10_000_000);
    }

    private void nothingIsHeldBy(OrderPlaced order) {
        assertThat(fulfilments.find(order.orderId())).get().isInstanceOf(Cancelled.class);
        assertThat(jdbc.sql("SELECT count(*) FROM reservation WHERE order_id = ?")
                        .param(order.orderId())
                        .query(Integer.class)
                        .single())
                .isZero();
        assertThat(payment(order)).isIn("REFUNDED", "BARRED", "DECLINED");
    }

    private String payment(OrderPlaced order) {
        return jdbc.sql("SELECT result FROM simulated_payment WHERE order_id = ?")
                .param(order.orderId())
                .query(String.class)
                .single();
    }

    private int available(String sku) {
        return jdbc.sql("SELECT available FROM stock WHERE sku = ?")
                .param(sku)
                .query(Integer.class)
                .single();
    }

    private double cancellations(String found) {
        return meters.counter("meridian.fulfilment.cancellations", "found", found)
                .count();
    }

    private double refunds(String result) {
        return meters.counter("meridian.fulfilment.refunds", "result", result).count();
    }

    private OrderFulfilment fulfilment(PaymentProvider payments) {
        return new OrderFulfilment(fulfilments, payments, new Refunds(payments, meters), told::add, events(), meters);
    }

    private OrderCancellation canceller(PaymentProvider payments) {
        return new OrderCancellation(fulfilments, new Refunds(payments, meters), events(), meters);
    }

    private static Events events() {
        return new Events(JsonMapper.builder().build());
    }
}

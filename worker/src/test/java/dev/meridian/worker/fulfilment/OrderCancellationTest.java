package dev.meridian.worker.fulfilment;

import static dev.meridian.worker.fulfilment.Orders.batch;
import static dev.meridian.worker.fulfilment.Orders.cancellation;
import static dev.meridian.worker.fulfilment.Orders.line;
import static dev.meridian.worker.fulfilment.Orders.order;
import static org.assertj.core.api.Assertions.assertThat;
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
import dev.meridian.worker.payment.PaymentRequests;
import dev.meridian.worker.payment.PaymentResult;
import dev.meridian.worker.payment.PaymentUnavailable;
import dev.meridian.worker.payment.RefundResult;
import dev.meridian.worker.payment.simulated.Simulation;
import dev.meridian.worker.queue.EventBatchHandler;
import dev.meridian.worker.queue.EventBatchHandler.OrderEvent;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** What is left of an order that was cancelled, on a real database. */
class OrderCancellationTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private static HikariDataSource database = new HikariDataSource();

    private final JdbcClient jdbc = JdbcClient.create(database);
    private final TransactionTemplate transactions = Backing.transactions(database);
    private final Fulfilments fulfilments = new Fulfilments(jdbc, transactions);
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
        fulfil(order);

        cancel(cancellation(order));

        nothingIsLeftOf(order);
        assertThat(payment(order)).isEqualTo("REFUNDED");
        assertThat(told).as("what was told before").singleElement().isInstanceOf(Confirmed.class);
        assertThat(cancellations("confirmed")).isEqualTo(1);
        assertThat(refunds("refunded")).isEqualTo(1);
    }

    @Test
    void beforeThePlacementKeepsThePlacementFromTakingAnything() {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));

        cancel(cancellation(order));
        fulfil(order);
        fulfil(order);

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
            fulfil(order);
            assertThat(found(order)).get().isInstanceOf(Rejected.class);

            cancel(cancellation(order));

            nothingIsLeftOf(order);
            assertThat(payment(order)).isEqualTo(token.equals("tok_ok") ? "BARRED" : "DECLINED");
        }
        assertThat(cancellations("rejected")).isEqualTo(2);
        assertThat(refunds("refunded")).isZero();
    }

    @Test
    void isForEverAndReleasesOnce() {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));
        fulfil(order);
        OrderCancelled first = cancellation(order);
        cancel(first);
        told.clear();

        cancel(new OrderCancelled(order.orderId(), "alice", first.cancelledAt().plusSeconds(60)));
        fulfil(order);

        nothingIsLeftOf(order);
        assertThat(found(order))
                .as("the first cancellation counts")
                .contains(new Cancelled(order.orderId(), first.cancelledAt()));
        assertThat(told).isEmpty();
        assertThat(cancellations("cancelled")).isEqualTo(1);
    }

    @Test
    void endsAPaymentThatFailsAgainAndAgain() {
        OrderPlaced order = order("tok_poison", line("LTD-001", 3));
        assertThat(fulfil(order)).containsOnlyKeys(order.orderId());
        assertThat(available("LTD-001")).isEqualTo(47);

        cancel(cancellation(order));
        fulfil(order);

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
                cancel(cancellation(order));
                jdbc.sql("UPDATE simulated_payment SET result = 'CHARGED', amount = 24, currency = 'EUR'")
                        .update();
                return new PaymentResult.Charged();
            }

            @Override
            public RefundResult refund(UUID orderId) {
                return provider.refund(orderId);
            }
        };

        assertThat(fulfilment(cancelledMeanwhile).handle(batch(order))).isEmpty();

        nothingIsLeftOf(order);
        assertThat(payment(order)).isEqualTo("REFUNDED");
        assertThat(told).isEmpty();
        assertThat(refunds("refunded")).isEqualTo(1);
    }

    @Test
    void isNotDoneBeforeTheRefund() {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));
        fulfil(order);
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

        assertThat(canceller(away).handle(batch(cancellation(order)))).containsOnlyKeys(order.orderId());
        assertThat(payment(order)).isEqualTo("CHARGED");
        cancel(cancellation(order));

        nothingIsLeftOf(order);
        assertThat(payment(order)).isEqualTo("REFUNDED");
    }

    @Test
    void waitsForAReservationThatIsBeingWritten() throws Exception {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));
        var cancelling = new CompletableFuture<Void>();

        transactions.executeWithoutResult(_ -> {
            assertThat(reserve(order)).isInstanceOf(Reserved.class);
            CompletableFuture.runAsync(() -> cancel(cancellation(order)), threads)
                    .thenRun(() -> cancelling.complete(null));
            await().atMost(SOON).until(() -> waiting() == 1);
        });

        cancelling.get(SOON.toSeconds(), TimeUnit.SECONDS);
        nothingIsLeftOf(order);
    }

    @Test
    void isWaitedForByAReservation() throws Exception {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));
        var reserving = new CompletableFuture<Fulfilment>();

        transactions.executeWithoutResult(_ -> {
            assertThat(fulfilments.cancel(List.of(cancellation(order)))).isEmpty();
            CompletableFuture.supplyAsync(() -> reserve(order), threads).thenAccept(reserving::complete);
            await().atMost(SOON).until(() -> waiting() == 1);
        });

        assertThat(reserving.get(SOON.toSeconds(), TimeUnit.SECONDS)).isInstanceOf(Cancelled.class);
        cancel(cancellation(order));
        nothingIsLeftOf(order);
    }

    /** The reservation waits for stock, and the cancellation for the reservation: none waits in a circle. */
    @Test
    void takesTurnsWithAReservationOfTheSameOrder() throws Exception {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));
        var reserving = new CompletableFuture<Fulfilment>();
        var cancelling = new CompletableFuture<Void>();

        transactions.executeWithoutResult(_ -> {
            jdbc.sql("SELECT sku FROM stock WHERE sku = 'LTD-001' FOR UPDATE")
                    .query(String.class)
                    .single();
            CompletableFuture.supplyAsync(() -> reserve(order), threads).thenAccept(reserving::complete);
            await().atMost(SOON).until(() -> waiting() == 1);
            CompletableFuture.runAsync(() -> cancel(cancellation(order)), threads)
                    .thenRun(() -> cancelling.complete(null));
            await().atMost(SOON).until(() -> waiting() == 2);
        });

        assertThat(reserving.get(SOON.toSeconds(), TimeUnit.SECONDS)).isInstanceOf(Reserved.class);
        cancelling.get(SOON.toSeconds(), TimeUnit.SECONDS);
        nothingIsLeftOf(order);
    }

    @Test
    void ofABatchFindsEachOrderAsItIs() {
        OrderPlaced confirmed = order("tok_ok", line("LTD-001", 3), line("TEA-001", 1));
        OrderPlaced rejected = order("tok_declined", line("TEA-001", 1));
        OrderPlaced reserved = order("tok_poison", line("TEA-001", 1), line("LTD-001", 2));
        OrderPlaced early = order("tok_ok", line("LTD-001", 1));
        OrderPlaced other = order("tok_ok", line("LTD-001", 7));
        assertThat(fulfilment(provider).handle(batch(confirmed, rejected, reserved, other)))
                .containsOnlyKeys(reserved.orderId());

        List<OrderCancelled> cancellations = Stream.of(early, reserved, rejected, confirmed)
                .map(Orders::cancellation)
                .toList();
        assertThat(canceller(provider).handle(batch(cancellations))).isEmpty();
        assertThat(fulfilment(provider).handle(batch(early, reserved, rejected, confirmed)))
                .isEmpty();

        assertThat(List.of(confirmed, rejected, reserved, early)).allSatisfy(this::nothingIsHeldBy);
        assertThat(available("LTD-001")).as("one order keeps what it has").isEqualTo(43);
        assertThat(found(other)).get().isInstanceOf(Confirmed.class);
        for (String found : List.of("confirmed", "rejected", "reserved", "not_placed")) {
            assertThat(cancellations(found)).as(found).isEqualTo(1);
        }
    }

    /** Real threads, batches of orders that want the same few SKUs, each delivered three times and cancelled as often. */
    @Test
    void deliveriesAndCancellationsAtTheSameTimeLeaveNothing() throws Exception {
        long seed = Long.getLong("test.seed", System.nanoTime());
        var random = new Random(seed);
        var tokens = List.of("tok_ok", "tok_declined", "tok_flaky");
        var skus = List.of("TEA-001", "LTD-001", "COF-001");
        List<OrderPlaced> cancelled = new ArrayList<>();
        List<Runnable> work = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            List<OrderPlaced> orders = new ArrayList<>();
            for (int j = 0; j < 8; j++) {
                orders.add(order(tokens.get(j % 3), line(skus.get(i % 3), 1), line(skus.get(random.nextInt(3)), 1)));
            }
            // Close to each other, so that they meet; each time in another order.
            List<Runnable> deliveries = new ArrayList<>();
            List<OrderPlaced> some = List.copyOf(orders.subList(2, 8));
            cancelled.addAll(some);
            for (int j = 0; j < 3; j++) {
                Collections.shuffle(orders, random);
                List<OrderPlaced> batch = List.copyOf(orders);
                deliveries.add(() -> untilDone(fulfilment(provider), batch));
                List<OrderCancelled> cancellations =
                        new ArrayList<>(some.stream().map(Orders::cancellation).toList());
                Collections.shuffle(cancellations, random);
                deliveries.add(() -> untilDone(canceller(provider), cancellations));
            }
            Collections.shuffle(deliveries, random);
            work.addAll(deliveries);
        }

        try (var eight = Executors.newFixedThreadPool(8)) {
            List<Future<?>> running = new ArrayList<>();
            work.forEach(one -> running.add(eight.submit(one)));
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

    private static <E extends OrderEvent> void untilDone(EventBatchHandler<E> handler, List<E> events) {
        for (int i = 1; i <= 20; i++) {
            if (handler.handle(batch(events)).isEmpty()) {
                return;
            }
        }
        throw new AssertionError("never done");
    }

    private Map<UUID, String> fulfil(OrderPlaced order) {
        return fulfilment(provider).handle(batch(order));
    }

    private void cancel(OrderCancelled order) {
        assertThat(canceller(provider).handle(batch(order))).isEmpty();
    }

    private @Nullable Fulfilment reserve(OrderPlaced order) {
        return fulfilments.reserve(List.of(order)).get(order.orderId());
    }

    private Optional<Fulfilment> found(OrderPlaced order) {
        return Optional.ofNullable(fulfilments.find(List.of(order.orderId())).get(order.orderId()));
    }

    private int waiting() {
        return jdbc.sql("""
                        SELECT count(*) FROM pg_stat_activity
                         WHERE datname = current_database() AND wait_event_type = 'Lock'
                           AND (query LIKE '%advisory%' OR query LIKE '%stock%')
                        """).query(Integer.class).single();
    }

    private void nothingIsLeftOf(OrderPlaced order) {
        nothingIsHeldBy(order);
        assertThat(available("LTD-001")).isEqualTo(50);
        assertThat(available("TEA-001")).isEqualTo(10_000_000);
    }

    private void nothingIsHeldBy(OrderPlaced order) {
        assertThat(found(order)).get().isInstanceOf(Cancelled.class);
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
        return new OrderFulfilment(fulfilments, requests(payments), Orders.telling(told::addAll), meters);
    }

    private OrderCancellation canceller(PaymentProvider payments) {
        return new OrderCancellation(fulfilments, requests(payments), meters);
    }

    private PaymentRequests requests(PaymentProvider payments) {
        return new PaymentRequests(payments, Duration.ofSeconds(30), meters);
    }
}

package dev.meridian.worker.fulfilment;

import static dev.meridian.worker.fulfilment.Orders.batch;
import static dev.meridian.worker.fulfilment.Orders.line;
import static dev.meridian.worker.fulfilment.Orders.order;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.worker.Backing;
import dev.meridian.worker.fulfilment.Fulfilment.Confirmed;
import dev.meridian.worker.fulfilment.Fulfilment.Decided;
import dev.meridian.worker.fulfilment.Fulfilment.Reason;
import dev.meridian.worker.fulfilment.Fulfilment.Rejected;
import dev.meridian.worker.fulfilment.Fulfilment.Reserved;
import dev.meridian.worker.payment.Payment;
import dev.meridian.worker.payment.PaymentProvider;
import dev.meridian.worker.payment.PaymentRequests;
import dev.meridian.worker.payment.PaymentResult;
import dev.meridian.worker.payment.PaymentUnavailable;
import dev.meridian.worker.payment.RefundResult;
import dev.meridian.worker.payment.simulated.Simulation;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The steps of an order on a real database, broken off between any two of them. */
class OrderFulfilmentTest {

    private static final Reason DECLINED = Reason.PAYMENT_DECLINED;

    private static HikariDataSource database = new HikariDataSource();

    private final JdbcClient jdbc = JdbcClient.create(database);
    private final Fulfilments fulfilments = new Fulfilments(jdbc, Backing.transactions(database));
    private final PaymentProvider provider = Simulation.of(jdbc);
    private final List<Decided> told = Collections.synchronizedList(new ArrayList<>());

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
    void confirmsWhatIsInStockAndPaid() {
        OrderPlaced order = order("tok_ok", line("TEA-001", 2), line("LTD-001", 3));

        fulfil(fulfilment(), order);

        assertThat(told).singleElement().isInstanceOf(Confirmed.class);
        assertThat(available("LTD-001")).isEqualTo(47);
        assertThat(found(order)).contains(told.getFirst());
        everythingAddsUp();
    }

    @Test
    void declinedPaymentGivesTheStockBack() {
        OrderPlaced order = order("tok_declined", line("LTD-001", 50));

        fulfil(fulfilment(), order);

        assertThat(told).singleElement().isEqualTo(rejected(order, DECLINED));
        assertThat(available("LTD-001")).isEqualTo(50);
        everythingAddsUp();
    }

    @Test
    void unknownTokenIsDeclined() {
        OrderPlaced order = order("tok_of_another_shop", line("TEA-001", 1));

        fulfil(fulfilment(), order);

        assertThat(told).singleElement().isEqualTo(rejected(order, DECLINED));
    }

    @Test
    void takesAllLinesOrNone() {
        OrderPlaced order = order("tok_ok", line("LTD-001", 51), line("TEA-001", 1));

        fulfil(fulfilment(), order);

        assertThat(told).singleElement().isEqualTo(rejected(order, Reason.OUT_OF_STOCK));
        assertThat(available("TEA-001")).isEqualTo(10_000_000);
        assertThat(available("LTD-001")).isEqualTo(50);
        assertThat(payments()).as("nothing is charged for what is not there").isZero();
        everythingAddsUp();
    }

    @Test
    void linesOfTheSameSkuAddUp() {
        fulfil(fulfilment(), order("tok_ok", line("LTD-001", 30), line("LTD-001", 30)));

        assertThat(told).singleElement().isInstanceOf(Rejected.class);
        assertThat(available("LTD-001")).isEqualTo(50);
    }

    @Test
    void unknownSkuIsOutOfStock() {
        OrderPlaced order = order("tok_ok", line("TEA-001", 1), line("NIL-000", 1));

        fulfil(fulfilment(), order);

        assertThat(told).singleElement().isEqualTo(rejected(order, Reason.OUT_OF_STOCK));
    }

    @Test
    void flakyPaymentSettlesAtTheThirdDelivery() {
        OrderPlaced order = order("tok_flaky", line("LTD-001", 1));
        OrderFulfilment fulfilment = fulfilment();

        assertThat(fulfil(fulfilment, order)).containsOnlyKeys(order.orderId());
        assertThat(fulfil(fulfilment, order)).containsOnlyKeys(order.orderId());
        assertThat(found(order)).contains(new Reserved(order.orderId()));
        assertThat(fulfil(fulfilment, order)).isEmpty();

        assertThat(told).singleElement().isInstanceOf(Confirmed.class);
        assertThat(available("LTD-001")).isEqualTo(49);
    }

    /** Where a delivery can break off, as seen from the outside world that the worker talks to. */
    enum Break {
        AFTER_RESERVING,
        AFTER_CHARGING,
        AFTER_DECIDING,
        AFTER_PUBLISHING
    }

    @ParameterizedTest
    @EnumSource
    void goesOnFromWhereADeliveryBrokeOff(Break point) {
        for (String token : List.of("tok_ok", "tok_declined")) {
            reset();
            told.clear();
            OrderPlaced order = order(token, line("LTD-001", 5));
            OrderFulfilment fulfilment = breakingOnceAt(point);

            assertThatThrownBy(() -> fulfil(fulfilment, order)).isInstanceOf(Crash.class);
            fulfil(fulfilment, order);
            fulfil(fulfilment, order);

            assertThat(told).as("one decision, however often it is told").isNotEmpty();
            assertThat(told.stream().distinct()).hasSize(1);
            assertThat(told.getFirst() instanceof Confirmed).isEqualTo(token.equals("tok_ok"));
            assertThat(available("LTD-001")).isEqualTo(token.equals("tok_ok") ? 45 : 50);
            assertThat(payments()).isEqualTo(1);
            everythingAddsUp();
        }
    }

    @Test
    void aKnownOrderWaitsForNobodysStock() throws Exception {
        OrderPlaced order = order("tok_ok", line("LTD-001", 3));
        fulfilments.reserve(List.of(order));
        try (var connection = database.getConnection();
                var statement = connection.createStatement();
                var thread = Executors.newSingleThreadExecutor()) {
            connection.setAutoCommit(false);
            statement.execute("SELECT FROM stock WHERE sku = 'LTD-001' FOR UPDATE");
            try {
                assertThat(thread.submit(() -> fulfilments.reserve(List.of(order)))
                                .get(10, TimeUnit.SECONDS))
                        .containsValue(new Reserved(order.orderId()));
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
        assertThat(available("LTD-001")).isEqualTo(47);
    }

    @Test
    void deliveriesOfOneOrderAtTheSameTimeDecideOnce() throws Exception {
        for (int round = 0; round < 30; round++) {
            told.clear();
            String token = round % 2 == 0 ? "tok_ok" : "tok_declined";
            OrderPlaced order = order(token, line("LTD-001", 1), line("TEA-002", 1));
            int before = available("LTD-001");

            together(8, () -> order);

            assertThat(told).hasSize(8);
            assertThat(told.stream().distinct()).hasSize(1);
            assertThat(available("LTD-001")).isEqualTo(token.equals("tok_ok") ? before - 1 : before);
        }
        everythingAddsUp();
    }

    @Test
    void twoHundredOrdersForTheLastFiftyAreFiftyConfirmations() throws Exception {
        together(200, () -> order("tok_ok", line("LTD-001", 1), line("MUG-001", 1)));

        assertThat(told).hasSize(200);
        assertThat(told).filteredOn(Confirmed.class::isInstance).hasSize(50);
        assertThat(told)
                .filteredOn(Rejected.class::isInstance)
                .allSatisfy(
                        decision -> assertThat(((Rejected) decision).reason()).isEqualTo(Reason.OUT_OF_STOCK));
        assertThat(available("LTD-001")).isZero();
        everythingAddsUp();
    }

    @Test
    void stockThatComesBackUnderLoadIsNeverLostNorDoubled() throws Exception {
        var tokens = List.of("tok_ok", "tok_declined");
        var skus = List.of("TEA-001", "LTD-001", "COF-001");
        List<OrderPlaced> orders = IntStream.range(0, 200)
                .mapToObj(i -> order(tokens.get(i % 2), line(skus.get(i % 3), 1), line(skus.get((i + 1) % 3), 1)))
                .toList();
        var next = new AtomicInteger();

        together(200, () -> orders.get(next.getAndIncrement()));

        assertThat(told).hasSize(200);
        everythingAddsUp();
    }

    @Test
    void aBatchGetsWhatIsLeftInItsOrder() {
        List<OrderPlaced> orders = IntStream.range(0, 200)
                .mapToObj(_ -> order("tok_ok", line("LTD-001", 1), line("MUG-001", 1)))
                .toList();

        assertThat(fulfilment().handle(batch(orders))).isEmpty();

        assertThat(told).hasSize(200);
        assertThat(told.subList(0, 50)).allMatch(Confirmed.class::isInstance);
        assertThat(told.subList(50, 200)).allMatch(Rejected.class::isInstance);
        assertThat(available("MUG-001")).isEqualTo(10_000_000 - 50);
        everythingAddsUp();
    }

    @Test
    void anOrderThatIsTooLargeForWhatIsLeftLeavesItToTheNext() {
        OrderPlaced first = order("tok_ok", line("LTD-001", 30));
        OrderPlaced tooLarge = order("tok_ok", line("LTD-001", 21), line("COF-001", 7));
        OrderPlaced fits = order("tok_ok", line("COF-001", 1), line("LTD-001", 20));
        OrderPlaced late = order("tok_ok", line("LTD-001", 1));
        OrderPlaced unknown = order("tok_ok", line("NIL-000", 1), line("COF-001", 1));
        OrderPlaced other = order("tok_declined", line("TEA-001", 1));

        assertThat(fulfilment().handle(batch(first, tooLarge, fits, late, unknown, other)))
                .isEmpty();

        assertThat(found(first)).get().isInstanceOf(Confirmed.class);
        assertThat(found(tooLarge)).get().extracting("reason").isEqualTo(Reason.OUT_OF_STOCK);
        assertThat(found(fits)).get().isInstanceOf(Confirmed.class);
        assertThat(found(late)).get().extracting("reason").isEqualTo(Reason.OUT_OF_STOCK);
        assertThat(found(unknown)).get().extracting("reason").isEqualTo(Reason.OUT_OF_STOCK);
        assertThat(found(other)).get().extracting("reason").isEqualTo(DECLINED);
        assertThat(available("LTD-001")).isZero();
        assertThat(available("COF-001")).isEqualTo(9_999_999);
        everythingAddsUp();
    }

    /** Several workers, each with batches of its own and with some that others have as well, in other orders. */
    @Test
    void batchesOfSeveralWorkersAtTheSameTimeAddUp() throws Exception {
        long seed = Long.getLong("test.seed", System.nanoTime());
        var random = new Random(seed);
        var skus = List.of("TEA-001", "COF-001", "MUG-001", "POT-001");
        List<OrderPlaced> orders = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            orders.add(order("tok_ok", line(skus.get(random.nextInt(4)), 1), line("LTD-001", 1)));
            orders.add(order(
                    random.nextBoolean() ? "tok_ok" : "tok_declined",
                    line(skus.get(random.nextInt(4)), 2),
                    line(skus.get(random.nextInt(4)), 1)));
        }
        List<List<OrderPlaced>> batches = new ArrayList<>();
        for (int copy = 0; copy < 2; copy++) {
            Collections.shuffle(orders, random);
            for (int from = 0; from < orders.size(); from += 40) {
                batches.add(List.copyOf(orders.subList(from, from + 40)));
            }
        }
        OrderFulfilment fulfilment = fulfilment();

        try (var threads = Executors.newFixedThreadPool(4)) {
            List<Future<Map<UUID, String>>> running = new ArrayList<>();
            batches.forEach(one -> running.add(threads.submit(() -> fulfilment.handle(batch(one)))));
            for (Future<Map<UUID, String>> one : running) {
                assertThat(one.get()).as("seed %d", seed).isEmpty();
            }
        }

        assertThat(told).hasSize(800);
        assertThat(told.stream().distinct())
                .as("one decision for each, seed %d", seed)
                .hasSize(400);
        assertThat(jdbc.sql("SELECT count(*) FROM reservation WHERE sku = 'LTD-001'")
                        .query(Integer.class)
                        .single())
                .isEqualTo(50);
        assertThat(available("LTD-001")).isZero();
        everythingAddsUp();
    }

    @Test
    void aBatchGoesOnFromWhereADeliveryBrokeOff() {
        for (Break point : Break.values()) {
            reset();
            told.clear();
            List<OrderPlaced> orders = IntStream.range(0, 60)
                    .mapToObj(
                            i -> order(i % 3 == 0 ? "tok_declined" : "tok_ok", line("LTD-001", 1), line("TEA-001", 1)))
                    .toList();
            OrderFulfilment fulfilment = breakingOnceAt(point);

            assertThatThrownBy(() -> fulfilment.handle(batch(orders))).isInstanceOf(Crash.class);
            assertThat(fulfilment.handle(batch(orders))).isEmpty();

            assertThat(told.stream().map(Decided::orderId).distinct()).hasSize(60);
            assertThat(told.stream().distinct()).as("after %s", point).hasSize(60);
            // The first fifty got the stock, and a third of them did not pay.
            assertThat(told.stream().distinct().filter(Confirmed.class::isInstance))
                    .hasSize(33);
            assertThat(available("LTD-001")).isEqualTo(17);
            everythingAddsUp();
        }
    }

    @Test
    void aPaymentThatHangsFailsItsOwnOrderOnly() {
        OrderPlaced hanging = order("tok_ok", line("LTD-001", 1));
        OrderPlaced good = order("tok_ok", line("LTD-001", 1));
        var never = new CountDownLatch(1);
        OrderFulfilment fulfilment = fulfilment(
                provider(payment -> {
                    if (payment.orderId().equals(hanging.orderId())) {
                        never.await();
                    }
                    return provider.charge(payment);
                }),
                told::addAll,
                Duration.ofSeconds(2));

        assertThat(fulfilment.handle(batch(hanging, good))).containsOnlyKeys(hanging.orderId());
        assertThat(found(good)).get().isInstanceOf(Confirmed.class);
        assertThat(found(hanging)).contains(new Reserved(hanging.orderId()));

        assertThat(fulfilment().handle(batch(hanging, good))).isEmpty();
        assertThat(found(hanging)).get().isInstanceOf(Confirmed.class);
        everythingAddsUp();
    }

    private OrderFulfilment fulfilment() {
        return fulfilment(provider, told::addAll, Duration.ofSeconds(30));
    }

    private OrderFulfilment fulfilment(PaymentProvider payments, Consumer<List<Decided>> outcomes, Duration timeout) {
        var meters = new SimpleMeterRegistry();
        var requests = new PaymentRequests(payments, timeout, meters);
        return new OrderFulfilment(fulfilments, requests, Orders.telling(outcomes), meters);
    }

    private static Map<UUID, String> fulfil(OrderFulfilment fulfilment, OrderPlaced order) {
        return fulfilment.handle(batch(order));
    }

    private Optional<Fulfilment> found(OrderPlaced order) {
        return Optional.ofNullable(fulfilments.find(List.of(order.orderId())).get(order.orderId()));
    }

    private interface Charging {
        PaymentResult charge(Payment payment) throws InterruptedException;
    }

    private PaymentProvider provider(Charging charging) {
        return new PaymentProvider() {
            @Override
            public PaymentResult charge(Payment payment) {
                try {
                    return charging.charge(payment);
                } catch (InterruptedException e) {
                    throw new PaymentUnavailable("interrupted");
                }
            }

            @Override
            public RefundResult refund(UUID orderId) {
                return provider.refund(orderId);
            }
        };
    }

    private OrderFulfilment breakingOnceAt(Break point) {
        var broken = new AtomicBoolean();
        PaymentProvider payments = provider(payment -> {
            crashOnce(point == Break.AFTER_RESERVING, broken);
            PaymentResult result = provider.charge(payment);
            crashOnce(point == Break.AFTER_CHARGING, broken);
            return result;
        });
        return fulfilment(
                payments,
                outcomes -> {
                    crashOnce(point == Break.AFTER_DECIDING, broken);
                    told.addAll(outcomes);
                    crashOnce(point == Break.AFTER_PUBLISHING, broken);
                },
                Duration.ofSeconds(30));
    }

    private static void crashOnce(boolean here, AtomicBoolean broken) {
        if (here && broken.compareAndSet(false, true)) {
            throw new Crash();
        }
    }

    // An error: nothing that handles exceptions survives the end of its process.
    private static class Crash extends Error {}

    private void together(int times, Callable<OrderPlaced> orders) throws Exception {
        OrderFulfilment fulfilment = fulfilment();
        try (var threads = Executors.newFixedThreadPool(8)) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < times; i++) {
                OrderPlaced order = orders.call();
                running.add(threads.submit(
                        () -> assertThat(fulfil(fulfilment, order)).isEmpty()));
            }
            for (Future<?> one : running) {
                one.get();
            }
        }
    }

    private Rejected rejected(OrderPlaced order, Reason reason) {
        return new Rejected(order.orderId(), reason, told.getFirst().decidedAt());
    }

    private int available(String sku) {
        return jdbc.sql("SELECT available FROM stock WHERE sku = ?")
                .param(sku)
                .query(Integer.class)
                .single();
    }

    private int payments() {
        return jdbc.sql("SELECT count(*) FROM simulated_payment")
                .query(Integer.class)
                .single();
    }

    private void everythingAddsUp() {
        assertThat(jdbc.sql("""
                                SELECT stock.sku
                                  FROM stock LEFT JOIN reservation USING (sku)
                                 GROUP BY stock.sku, available
                                HAVING available + COALESCE(sum(quantity), 0)
                                       <> CASE stock.sku WHEN 'LTD-001' THEN 50 ELSE 10000000 END
                                """).query(String.class).list())
                .as("SKUs whose available and reserved stock is not what came in")
                .isEmpty();
        assertThat(jdbc.sql("""
                                SELECT order_id FROM fulfilment LEFT JOIN simulated_payment USING (order_id)
                                 WHERE (status = 'CONFIRMED') <> (result IS NOT DISTINCT FROM 'CHARGED')
                                """).query(UUID.class).list())
                .as("orders confirmed without being charged, or charged without being confirmed")
                .isEmpty();
    }
}

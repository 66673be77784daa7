package dev.meridian.worker.fulfilment;

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
import dev.meridian.worker.payment.PaymentResult;
import dev.meridian.worker.payment.PaymentUnavailable;
import dev.meridian.worker.payment.RefundResult;
import dev.meridian.worker.payment.simulated.Simulation;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/** The steps of an order on a real database, broken off between any two of them. */
class OrderFulfilmentTest {

    private static final Reason DECLINED = Reason.PAYMENT_DECLINED;

    private static HikariDataSource database = new HikariDataSource();

    private final JdbcClient jdbc = JdbcClient.create(database);
    private final Fulfilments fulfilments = new Fulfilments(jdbc, Clock.systemUTC());
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

        fulfilment().fulfil(order);

        assertThat(told).singleElement().isInstanceOf(Confirmed.class);
        assertThat(available("LTD-001")).isEqualTo(47);
        assertThat(fulfilments.find(order.orderId())).contains(told.getFirst());
        everythingAddsUp();
    }

    @Test
    void declinedPaymentGivesTheStockBack() {
        OrderPlaced order = order("tok_declined", line("LTD-001", 50));

        fulfilment().fulfil(order);

        assertThat(told).singleElement().isEqualTo(rejected(order, DECLINED));
        assertThat(available("LTD-001")).isEqualTo(50);
        everythingAddsUp();
    }

    @Test
    void unknownTokenIsDeclined() {
        OrderPlaced order = order("tok_of_another_shop", line("TEA-001", 1));

        fulfilment().fulfil(order);

        assertThat(told).singleElement().isEqualTo(rejected(order, DECLINED));
    }

    @Test
    void takesAllLinesOrNone() {
        OrderPlaced order = order("tok_ok", line("LTD-001", 51), line("TEA-001", 1));

        fulfilment().fulfil(order);

        assertThat(told).singleElement().isEqualTo(rejected(order, Reason.OUT_OF_STOCK));
        assertThat(available("TEA-001")).isEqualTo(10_000_000);
        assertThat(available("LTD-001")).isEqualTo(50);
        assertThat(payments()).as("nothing is charged for what is not there").isZero();
        everythingAddsUp();
    }

    @Test
    void linesOfTheSameSkuAddUp() {
        fulfilment().fulfil(order("tok_ok", line("LTD-001", 30), line("LTD-001", 30)));

        assertThat(told).singleElement().isInstanceOf(Rejected.class);
        assertThat(available("LTD-001")).isEqualTo(50);
    }

    @Test
    void unknownSkuIsOutOfStock() {
        OrderPlaced order = order("tok_ok", line("TEA-001", 1), line("NIL-000", 1));

        fulfilment().fulfil(order);

        assertThat(told).singleElement().isEqualTo(rejected(order, Reason.OUT_OF_STOCK));
    }

    @Test
    void flakyPaymentSettlesAtTheThirdDelivery() {
        OrderPlaced order = order("tok_flaky", line("LTD-001", 1));
        OrderFulfilment fulfilment = fulfilment();

        assertThatThrownBy(() -> fulfilment.fulfil(order)).isInstanceOf(PaymentUnavailable.class);
        assertThatThrownBy(() -> fulfilment.fulfil(order)).isInstanceOf(PaymentUnavailable.class);
        assertThat(fulfilments.find(order.orderId())).contains(new Reserved(order.orderId()));
        fulfilment.fulfil(order);

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

            assertThatThrownBy(() -> fulfilment.fulfil(order)).isInstanceOf(Crash.class);
            fulfilment.fulfil(order);
            fulfilment.fulfil(order);

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
        fulfilments.reserve(order);
        try (var connection = database.getConnection();
                var statement = connection.createStatement();
                var thread = Executors.newSingleThreadExecutor()) {
            connection.setAutoCommit(false);
            statement.execute("SELECT FROM stock WHERE sku = 'LTD-001' FOR UPDATE");
            try {
                assertThat(thread.submit(() -> fulfilments.reserve(order)).get(10, TimeUnit.SECONDS))
                        .isInstanceOf(Reserved.class);
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

    private OrderFulfilment fulfilment() {
        return fulfilment(provider, told::add);
    }

    private OrderFulfilment fulfilment(PaymentProvider payments, Outcomes outcomes) {
        var meters = new SimpleMeterRegistry();
        return new OrderFulfilment(
                fulfilments,
                payments,
                new Refunds(payments, meters),
                outcomes,
                new Events(JsonMapper.builder().build()),
                meters);
    }

    private OrderFulfilment breakingOnceAt(Break point) {
        var broken = new AtomicBoolean();
        PaymentProvider payments = new PaymentProvider() {
            @Override
            public PaymentResult charge(Payment payment) {
                crashOnce(point == Break.AFTER_RESERVING, broken);
                PaymentResult result = provider.charge(payment);
                crashOnce(point == Break.AFTER_CHARGING, broken);
                return result;
            }

            @Override
            public RefundResult refund(UUID orderId) {
                return provider.refund(orderId);
            }
        };
        Outcomes outcomes = decision -> {
            crashOnce(point == Break.AFTER_DECIDING, broken);
            told.add(decision);
            crashOnce(point == Break.AFTER_PUBLISHING, broken);
        };
        return fulfilment(payments, outcomes);
    }

    private static void crashOnce(boolean here, AtomicBoolean broken) {
        if (here && broken.compareAndSet(false, true)) {
            throw new Crash();
        }
    }

    private static class Crash extends RuntimeException {}

    private void together(int times, Callable<OrderPlaced> orders) throws Exception {
        OrderFulfilment fulfilment = fulfilment();
        try (var threads = Executors.newFixedThreadPool(16)) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < times; i++) {
                OrderPlaced order = orders.call();
                running.add(threads.submit(() -> fulfilment.fulfil(order)));
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

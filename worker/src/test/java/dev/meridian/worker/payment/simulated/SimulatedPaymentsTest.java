package dev.meridian.worker.payment.simulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.worker.Backing;
import dev.meridian.worker.payment.Money;
import dev.meridian.worker.payment.Payment;
import dev.meridian.worker.payment.PaymentResult;
import dev.meridian.worker.payment.PaymentResult.Barred;
import dev.meridian.worker.payment.PaymentResult.Charged;
import dev.meridian.worker.payment.PaymentResult.Declined;
import dev.meridian.worker.payment.PaymentUnavailable;
import dev.meridian.worker.payment.RefundResult.NothingCharged;
import dev.meridian.worker.payment.RefundResult.Refunded;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.simple.JdbcClient;

class SimulatedPaymentsTest {

    private static HikariDataSource database = new HikariDataSource();

    private final SimulatedPayments payments = new SimulatedPayments(JdbcClient.create(database));

    @BeforeAll
    static void migrate() {
        database = Backing.database(2);
    }

    @AfterAll
    static void close() {
        database.close();
    }

    @ParameterizedTest
    @CsvSource({"tok_ok,0", "tok_flaky,2", "tok_flaky_0,0", "tok_flaky_1,1", "tok_flaky_12,12"})
    void failsAsOftenAsTheTokenSaysAndThenCharges(String token, int failures) {
        Payment payment = payment(token);

        for (int i = 0; i < failures; i++) {
            assertThatThrownBy(() -> payments.charge(payment)).isInstanceOf(PaymentUnavailable.class);
        }
        assertThat(payments.charge(payment)).isEqualTo(new Charged());
        assertThat(payments.charge(payment)).as("the first settled answer").isEqualTo(new Charged());
    }

    @ParameterizedTest
    @ValueSource(strings = {"tok_declined", "tok_of_another_shop", "tok_flaky_", "tok_flaky_x", "tok_flaky_99999"})
    void declinesEveryOtherToken(String token) {
        assertThat(payments.charge(payment(token))).isEqualTo(new Declined());
    }

    @Test
    void refundsOnceAndChargesNoMore() {
        Payment payment = payment("tok_ok");
        PaymentResult first = payments.charge(payment);

        assertThat(first).isEqualTo(new Charged());
        assertThat(payments.refund(payment.orderId())).isEqualTo(new Refunded());
        assertThat(payments.refund(payment.orderId())).isEqualTo(new Refunded());
        assertThat(payments.charge(payment)).isEqualTo(new Barred());
        assertThat(payments.refund(payment.orderId())).isEqualTo(new Refunded());
    }

    @Test
    void oneThatCannotBeBookedFailsNoOtherThatIsAskedForBesideIt() throws Exception {
        List<Callable<String>> charges = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            Payment payment =
                    switch (i % 3) {
                        case 0 -> payment("tok_ok");
                        case 1 -> payment("tok_declined");
                        default ->
                            new Payment(UUID.randomUUID(), new Money(new BigDecimal("24.00"), "E\u0000R"), "tok_ok");
                    };
            charges.add(() -> payments.charge(payment).toString());
        }
        List<String> answers = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<String> answer : threads.invokeAll(charges, 30, TimeUnit.SECONDS)) {
                answers.add(answer.state() == Future.State.SUCCESS ? answer.resultNow() : "failed");
            }
        }
        for (int i = 0; i < 60; i++) {
            assertThat(answers.get(i))
                    .as("charge %d", i)
                    .isEqualTo(List.of("Charged[]", "Declined[]", "failed").get(i % 3));
        }
    }

    @Test
    void anOrderThatIsChargedSideBySideIsChargedOnce() throws Exception {
        Payment payment = payment("tok_flaky_5");
        List<Callable<PaymentResult>> charges = Collections.nCopies(20, () -> payments.charge(payment));
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<PaymentResult>> answers = threads.invokeAll(charges, 30, TimeUnit.SECONDS);
            assertThat(answers.stream().filter(answer -> answer.state() == Future.State.SUCCESS))
                    .as("five of them fail, as the token says")
                    .hasSize(15)
                    .allMatch(answer -> answer.resultNow().equals(new Charged()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tok_ok", "tok_declined", "tok_poison"})
    void refundOfNothingBarsALaterCharge(String token) {
        Payment payment = payment(token);

        assertThat(payments.refund(payment.orderId())).isEqualTo(new NothingCharged());
        assertThat(payments.charge(payment)).isEqualTo(new Barred());
        assertThat(payments.refund(payment.orderId())).isEqualTo(new NothingCharged());
    }

    @Test
    void refundBarsAPaymentThatHasNoAnswerYet() {
        Payment payment = payment("tok_flaky_1");
        assertThatThrownBy(() -> payments.charge(payment)).isInstanceOf(PaymentUnavailable.class);

        assertThat(payments.refund(payment.orderId())).isEqualTo(new NothingCharged());
        assertThat(payments.charge(payment)).isEqualTo(new Barred());
    }

    @Test
    void declinedStaysDeclined() {
        Payment payment = payment("tok_declined");
        PaymentResult first = payments.charge(payment);

        assertThat(first).isEqualTo(new Declined());
        assertThat(payments.refund(payment.orderId())).isEqualTo(new NothingCharged());
        assertThat(payments.charge(payment)).isEqualTo(new Declined());
    }

    private static Payment payment(String token) {
        return new Payment(UUID.randomUUID(), new Money(new BigDecimal("24.00"), "EUR"), token);
    }
}

package dev.meridian.worker.payment.simulated;

import dev.meridian.worker.payment.Payment;
import dev.meridian.worker.payment.PaymentProvider;
import dev.meridian.worker.payment.PaymentResult;
import dev.meridian.worker.payment.PaymentResult.Barred;
import dev.meridian.worker.payment.PaymentResult.Charged;
import dev.meridian.worker.payment.PaymentResult.Declined;
import dev.meridian.worker.payment.PaymentUnavailable;
import dev.meridian.worker.payment.RefundResult;
import dev.meridian.worker.payment.RefundResult.NothingCharged;
import dev.meridian.worker.payment.RefundResult.Refunded;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Plays the payment provider. It keeps its book in a table, as a provider would, so that what was charged
 * stays charged when this process is killed.
 */
@Component
class SimulatedPayments implements PaymentProvider {

    // One statement, committed at once: the charge has happened when it returns, whoever crashes next.
    // The first settled result is kept.
    private static final String CHARGE = """
            INSERT INTO simulated_payment AS book (order_id, amount, currency, attempts, result)
            VALUES (:order, :amount, :currency, 1, CASE WHEN :failures < 1 THEN :result END)
            ON CONFLICT (order_id) DO UPDATE
               SET attempts = book.attempts + 1,
                   result = COALESCE(book.result, CASE WHEN :failures < book.attempts + 1 THEN :result END)
            RETURNING result
            """;

    // What has no result yet gets none but this one; what was declined took no money and stays declined.
    private static final String REFUND = """
            INSERT INTO simulated_payment AS book (order_id, attempts, result)
            VALUES (:order, 0, 'BARRED')
            ON CONFLICT (order_id) DO UPDATE
               SET result = CASE WHEN book.result = 'CHARGED' THEN 'REFUNDED' ELSE COALESCE(book.result, 'BARRED') END
            RETURNING result
            """;

    private final JdbcClient jdbc;

    SimulatedPayments(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    @Override
    public PaymentResult charge(Payment payment) {
        Behaviour behaviour = Behaviour.of(payment.token());
        Optional<String> result = jdbc.sql(CHARGE)
                .param("order", payment.orderId())
                .param("amount", payment.amount().amount())
                .param("currency", payment.amount().currency())
                .param("failures", behaviour.failures())
                .param("result", behaviour.charges() ? "CHARGED" : "DECLINED")
                .query(String.class)
                .optional();
        return switch (result.orElse("")) {
            case "CHARGED" -> new Charged();
            case "DECLINED" -> new Declined();
            case "REFUNDED", "BARRED" -> new Barred();
            default -> throw new PaymentUnavailable("no answer for a payment with " + payment.token());
        };
    }

    @Override
    public RefundResult refund(UUID orderId) {
        String result =
                jdbc.sql(REFUND).param("order", orderId).query(String.class).single();
        return result.equals("REFUNDED") ? new Refunded() : new NothingCharged();
    }

    /** How often a token fails before it settles, and how it settles then. */
    private record Behaviour(int failures, boolean charges) {

        private static final Pattern FLAKY = Pattern.compile("tok_flaky_(\\d{1,4})");

        static Behaviour of(String token) {
            return switch (token) {
                case "tok_ok" -> new Behaviour(0, true);
                case "tok_flaky" -> new Behaviour(2, true);
                case "tok_poison" -> new Behaviour(Integer.MAX_VALUE, true);
                default -> {
                    Matcher flaky = FLAKY.matcher(token);
                    yield flaky.matches()
                            ? new Behaviour(Integer.parseInt(flaky.group(1)), true)
                            : new Behaviour(0, false);
                }
            };
        }
    }
}

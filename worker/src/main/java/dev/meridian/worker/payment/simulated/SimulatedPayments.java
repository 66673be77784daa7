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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Plays the payment provider. It keeps its book in a table, as a provider would, so that what was charged
 * stays charged when this process is killed.
 */
@Component
class SimulatedPayments implements PaymentProvider {

    // One statement, committed at once: the charges have happened when it returns, whatever crashes next.
    // The first settled result is kept.
    private static final String CHARGE = """
            WITH asked AS (
                SELECT * FROM unnest(CAST(:orders AS uuid[]), CAST(:amounts AS numeric[]), :currencies,
                                     CAST(:failures AS int[]), :results)
                           AS asked (order_id, amount, currency, failures, result)
            )
            INSERT INTO simulated_payment AS book (order_id, amount, currency, attempts, result)
            SELECT order_id, amount, currency, 1, CASE WHEN failures < 1 THEN result END
              FROM asked
             ORDER BY order_id
            ON CONFLICT (order_id) DO UPDATE
               SET attempts = book.attempts + 1,
                   result = COALESCE(book.result,
                                     (SELECT CASE WHEN asked.failures <= book.attempts THEN asked.result END
                                        FROM asked WHERE asked.order_id = book.order_id))
            RETURNING order_id, result
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
    private final Queue<Charge> waiting = new ConcurrentLinkedQueue<>();
    private final Lock turn = new ReentrantLock();

    SimulatedPayments(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /** Guarded by the turn. */
    private static final class Charge {

        private final Payment payment;
        private final Behaviour behaviour;
        private boolean isAsked;
        private @Nullable String result;
        private @Nullable RuntimeException failure;

        Charge(Payment payment) {
            this.payment = payment;
            this.behaviour = Behaviour.of(payment.token());
        }
    }

    /** Charges that are asked for side by side share a statement: the first that gets the turn books all that wait. */
    @Override
    public PaymentResult charge(Payment payment) {
        var charge = new Charge(payment);
        waiting.add(charge);
        turn.lock();
        try {
            if (!charge.isAsked) {
                List<Charge> all = new ArrayList<>();
                for (Charge next = waiting.poll(); next != null; next = waiting.poll()) {
                    next.isAsked = true;
                    all.add(next);
                }
                book(all);
            }
            if (charge.failure != null) {
                throw charge.failure;
            }
            return switch (String.valueOf(charge.result)) {
                case "CHARGED" -> new Charged();
                case "DECLINED" -> new Declined();
                case "REFUNDED", "BARRED" -> new Barred();
                default -> throw new PaymentUnavailable("no answer for a payment with " + payment.token());
            };
        } finally {
            turn.unlock();
        }
    }

    private void book(List<Charge> charges) {
        try {
            Map<UUID, Charge> byOrder = new HashMap<>();
            charges.forEach(charge -> byOrder.put(charge.payment.orderId(), charge));
            jdbc.sql(CHARGE)
                    .param("orders", all(charges, it -> it.payment.orderId().toString()))
                    .param(
                            "amounts",
                            all(charges, it -> it.payment.amount().amount().toPlainString()))
                    .param("currencies", all(charges, it -> it.payment.amount().currency()))
                    .param("failures", all(charges, it -> Integer.toString(it.behaviour.failures())))
                    .param("results", all(charges, it -> it.behaviour.charges() ? "CHARGED" : "DECLINED"))
                    .query(row -> {
                        Charge charge = byOrder.get(row.getObject("order_id", UUID.class));
                        if (charge != null) {
                            charge.result = row.getString("result");
                        }
                    });
        } catch (RuntimeException e) {
            if (charges.size() == 1) {
                charges.getFirst().failure = e;
            } else {
                // One that cannot be booked, or an order that is there twice, is not to fail the others.
                charges.forEach(charge -> book(List.of(charge)));
            }
        }
    }

    private static String[] all(List<Charge> charges, Function<Charge, String> field) {
        return charges.stream().map(field).toArray(String[]::new);
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

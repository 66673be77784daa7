package dev.meridian.worker.payment;

import dev.meridian.worker.payment.RefundResult.NothingCharged;
import dev.meridian.worker.payment.RefundResult.Refunded;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Asks the payment provider for many orders side by side, and waits for all of them together: each method returns
 * within the configured time-out, whatever the provider does.
 */
@Component
public class PaymentRequests {

    private static final Logger log = LoggerFactory.getLogger(PaymentRequests.class);

    private final PaymentProvider provider;
    private final PaymentSettings settings;
    private final MeterRegistry meters;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    public PaymentRequests(PaymentProvider provider, PaymentSettings settings, MeterRegistry meters) {
        this.provider = provider;
        this.settings = settings;
        this.meters = meters;
    }

    /**
     * What the provider answered.
     *
     * @param failures the orders for which there is no answer, with the reason; asking again is safe
     */
    public record Answers<R>(Map<UUID, R> results, Map<UUID, String> failures) {}

    /** Charges each payment once, however often it is asked. */
    public Answers<PaymentResult> charge(Collection<Payment> payments) {
        return ask(payments, Payment::orderId, provider::charge);
    }

    /** Sees to it that nothing is charged for the orders, and that no charge can be asked for any more. */
    public Answers<RefundResult> refund(Collection<UUID> orderIds) {
        Answers<RefundResult> answers = ask(orderIds, Function.identity(), provider::refund);
        answers.results.forEach((orderId, answer) -> {
            String result =
                    switch (answer) {
                        case Refunded() -> "refunded";
                        case NothingCharged() -> "nothing_charged";
                    };
            log.info("Asked for the refund of order {}: {}", orderId, result);
            meters.counter("meridian.fulfilment.refunds", "result", result).increment();
        });
        return answers;
    }

    private <T, R> Answers<R> ask(Collection<T> all, Function<T, UUID> orderIdOf, Function<T, R> call) {
        Map<UUID, Future<R>> asked = new LinkedHashMap<>();
        all.forEach(one -> asked.put(orderIdOf.apply(one), threads.submit(() -> call.apply(one))));
        long deadline = System.nanoTime() + settings.timeout().toNanos();
        var answers = new Answers<R>(new HashMap<>(), new HashMap<>());
        asked.forEach((orderId, answer) -> {
            try {
                long left = Math.max(0, deadline - System.nanoTime());
                answers.results.put(orderId, answer.get(left, TimeUnit.NANOSECONDS));
            } catch (ExecutionException e) {
                if (e.getCause() instanceof Error error) {
                    throw error;
                }
                answers.failures.put(orderId, String.valueOf(e.getCause()));
            } catch (TimeoutException e) {
                answer.cancel(true);
                answers.failures.put(orderId, "no answer from the payment provider within " + settings.timeout());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                answer.cancel(true);
                answers.failures.put(orderId, "interrupted before the payment provider answered");
            }
        });
        return answers;
    }
}

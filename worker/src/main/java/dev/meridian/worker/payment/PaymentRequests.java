package dev.meridian.worker.payment;

import dev.meridian.worker.payment.RefundResult.NothingCharged;
import dev.meridian.worker.payment.RefundResult.Refunded;
import dev.meridian.worker.queue.DependencyUnavailable;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/**
 * Asks the payment provider for many orders side by side, and waits for all of them together: each method returns
 * within the time-out, whatever the provider does.
 */
@Component
public class PaymentRequests {

    private static final Logger log = LoggerFactory.getLogger(PaymentRequests.class);

    private final PaymentProvider provider;
    private final Duration timeout;
    private final MeterRegistry meters;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    public PaymentRequests(
            PaymentProvider provider, @Value("${meridian.payment.timeout}") Duration timeout, MeterRegistry meters) {
        this.provider = provider;
        this.timeout = timeout;
        this.meters = meters;
    }

    /**
     * What the provider answered.
     *
     * @param failures the orders for which there is no answer, with the reason; asking again is safe
     */
    public record Answers<R>(Map<UUID, R> results, Map<UUID, String> failures) {}

    /** Charges each payment once, however often it is asked. */
    public Answers<PaymentResult> charge(List<Payment> payments) {
        return ask(payments, Payment::orderId, provider::charge);
    }

    /** Sees to it that nothing is charged for the orders, and that no charge can be asked for any more. */
    public Answers<RefundResult> refund(List<UUID> orderIds) {
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

    private <T, R> Answers<R> ask(List<T> all, Function<T, UUID> orderIdOf, Function<T, R> call) {
        var calls = all.stream().<Callable<R>>map(one -> () -> call.apply(one)).toList();
        Iterator<Future<R>> asked;
        try {
            asked = threads.invokeAll(calls, timeout.toNanos(), TimeUnit.NANOSECONDS)
                    .iterator();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DependencyUnavailable("interrupted before the payment provider answered", e);
        }
        var answers = new Answers<R>(new HashMap<>(), new HashMap<>());
        for (T one : all) {
            UUID orderId = orderIdOf.apply(one);
            Future<R> answer = asked.next();
            switch (answer.state()) {
                case SUCCESS -> answers.results.put(orderId, answer.resultNow());
                case FAILED -> {
                    if (answer.exceptionNow() instanceof Error error) {
                        throw error;
                    }
                    answers.failures.put(orderId, answer.exceptionNow().toString());
                }
                case CANCELLED, RUNNING ->
                    answers.failures.put(orderId, "no answer from the payment provider within " + timeout);
            }
        }
        return answers;
    }
}

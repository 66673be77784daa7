package dev.meridian.orders.order;

import dev.meridian.orders.RetryBackOff;
import dev.meridian.orders.outbox.Outbox;
import dev.meridian.orders.topology.Backlog;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Emits orders again that were not settled in good time, in case that their event or its outcome was lost. Every step
 * of fulfilment is idempotent, so one time too many changes nothing. An order whose event is still in the outbox waits
 * for Kafka, one that the worker gave up waits for an operator, and while the queue is not empty the order may be in
 * it: emitting it then would only make a backlog longer.
 */
@Component
class Reemission {

    private static final Logger log = LoggerFactory.getLogger(Reemission.class);

    private static final Duration QUEUE_ANSWERS = Duration.ofSeconds(2);

    private final Orders orders;
    private final OrderEvents events;
    private final Outbox outbox;
    private final Backlog backlog;
    private final TransactionTemplate transaction;
    private final Clock clock;
    private final ReemissionSettings settings;
    private final Counter reemitted;
    private final RetryBackOff backOff = new RetryBackOff(log, "Looking for orders that wait");

    Reemission(
            Orders orders,
            OrderEvents events,
            Outbox outbox,
            Backlog backlog,
            TransactionTemplate transaction,
            Clock clock,
            ReemissionSettings settings,
            MeterRegistry metrics) {
        this.orders = orders;
        this.events = events;
        this.outbox = outbox;
        this.backlog = backlog;
        this.transaction = transaction;
        this.clock = clock;
        this.settings = settings;
        this.reemitted = Counter.builder("meridian.orders.reemitted")
                .description("Orders that were emitted again because nothing had settled them")
                .register(metrics);
    }

    /**
     * Emits one batch again. Several instances share the orders: each is taken by one of them.
     *
     * @return how many orders were emitted
     * @throws ExecutionException where the queue does not say what waits in it; nothing is emitted then
     */
    int reemit() throws ExecutionException, TimeoutException, InterruptedException {
        Instant now = clock.instant();
        Instant since = now.minus(settings.after());
        if (!orders.anyUnattended(since) || backlog.waiting(QUEUE_ANSWERS) > 0) {
            return 0;
        }
        int emitted = transaction.execute(status -> {
            List<Outbox.Event> again = orders.attend(since, now, settings.batch()).stream()
                    .filter(Orders.Unsettled::stuck)
                    .map(unsettled -> events.placed(unsettled.order(), unsettled.paymentToken()))
                    .toList();
            if (!again.isEmpty()) {
                outbox.append(again);
            }
            return again.size();
        });
        reemitted.increment(emitted);
        return emitted;
    }

    @Scheduled(fixedDelayString = "${meridian.reemission.check}", initialDelayString = "${meridian.reemission.check}")
    void reemitRegularly() throws InterruptedException {
        try {
            int emitted = reemit();
            backOff.succeeded();
            if (emitted > 0) {
                log.warn("Emitted {} orders again that nothing had settled within {}", emitted, settings.after());
            }
        } catch (ExecutionException | TimeoutException | RuntimeException e) {
            backOff.failed(e);
        }
    }
}

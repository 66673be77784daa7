package dev.meridian.orders.order;

import dev.meridian.orders.RetryBackOff;
import dev.meridian.orders.topology.Backlog;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Emits orders again that were not settled in good time, in case that their event or its outcome was lost. Every step
 * of fulfilment is idempotent, so one time too many changes nothing. An order whose event is still in the outbox waits
 * for Kafka, one that the worker gave up waits for an operator, and while the queue is not empty the order may be in
 * it: emitting it then would only make a backlog longer.
 *
 * <p>Shows how long the oldest order has been waiting: {@code meridian.orders.oldest.placed}, in seconds, 0 where none
 * waits. Between two looks it goes on growing, as it does while the database cannot be asked.
 */
@Component
class Reemission {

    private static final Logger log = LoggerFactory.getLogger(Reemission.class);

    private static final Duration QUEUE_ANSWERS = Duration.ofSeconds(2);

    private final Orders orders;
    private final OrderService service;
    private final Backlog backlog;
    private final Clock clock;
    private final ReemissionSettings settings;
    private final Counter reemitted;
    private final RetryBackOff backOff = new RetryBackOff(log, "Looking for orders that wait");
    private volatile @Nullable OffsetDateTime oldest;

    Reemission(
            Orders orders,
            OrderService service,
            Backlog backlog,
            Clock clock,
            ReemissionSettings settings,
            MeterRegistry metrics) {
        this.orders = orders;
        this.service = service;
        this.backlog = backlog;
        this.clock = clock;
        this.settings = settings;
        this.reemitted = Counter.builder("meridian.orders.reemitted")
                .description("Orders that were emitted again because nothing had settled them")
                .register(metrics);
        Gauge.builder("meridian.orders.oldest.placed", this, Reemission::secondsOfOldest)
                .description("How long the oldest order has been waiting to be settled")
                .baseUnit("seconds")
                .register(metrics);
    }

    private double secondsOfOldest() {
        OffsetDateTime known = oldest;
        return known == null
                ? 0
                : Math.max(
                        0, Duration.between(known.toInstant(), clock.instant()).toMillis() / 1000.0);
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
        Orders.Waiting waiting = orders.waiting();
        oldest = waiting.oldest();
        if (waiting.unattended() == null
                || waiting.unattended().toInstant().isAfter(since)
                || backlog.waiting(QUEUE_ANSWERS) > 0) {
            return 0;
        }
        int emitted = service.emitAgain(since, now, settings.batch());
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

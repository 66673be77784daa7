package dev.meridian.orders.order;

import dev.meridian.orders.outbox.Outbox;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.json.JsonMapper;

/**
 * Emits orders again that were not settled in good time, for whatever reason their event or its outcome was lost.
 * Every step of fulfilment is idempotent, so one time too many changes nothing. An order whose event is still in the outbox
 * waits for Kafka, and one that the queue gave up on for an operator.
 */
@Component
class Reemission {

    private static final Logger log = LoggerFactory.getLogger(Reemission.class);

    private final Orders orders;
    private final Outbox outbox;
    private final TransactionTemplate transaction;
    private final JsonMapper json;
    private final Clock clock;
    private final ReemissionSettings settings;
    private final Counter reemitted;

    Reemission(
            Orders orders,
            Outbox outbox,
            TransactionTemplate transaction,
            JsonMapper json,
            Clock clock,
            ReemissionSettings settings,
            MeterRegistry metrics) {
        this.orders = orders;
        this.outbox = outbox;
        this.transaction = transaction;
        this.json = json;
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
     */
    int reemit() {
        int emitted = transaction.execute(status -> {
            Instant now = clock.instant();
            List<Outbox.Event> events = orders.attend(now.minus(settings.after()), now, settings.batch()).stream()
                    .filter(Orders.Unsettled::stuck)
                    .map(this::placed)
                    .toList();
            if (!events.isEmpty()) {
                outbox.append(events);
            }
            return events.size();
        });
        reemitted.increment(emitted);
        return emitted;
    }

    private Outbox.Event placed(Orders.Unsettled unsettled) {
        return new Outbox.Event(
                unsettled.order().id(),
                OrderPlaced.TOPIC,
                OrderPlaced.TYPE,
                json.writeValueAsString(OrderPlaced.of(unsettled.order(), unsettled.paymentToken())),
                null);
    }

    @Scheduled(fixedDelayString = "${meridian.reemission.check}", initialDelayString = "${meridian.reemission.check}")
    void reemitRegularly() {
        try {
            int emitted = reemit();
            if (emitted > 0) {
                log.warn("Emitted {} orders again that nothing had settled within {}", emitted, settings.after());
            }
        } catch (DataAccessException | TransactionException e) {
            log.warn("Orders that wait are looked for again in {}: {}", settings.check(), e.getMessage());
        }
    }
}

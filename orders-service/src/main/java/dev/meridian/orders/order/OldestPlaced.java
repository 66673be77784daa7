package dev.meridian.orders.order;

import dev.meridian.orders.RetryBackOff;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Shows how long the oldest order has been waiting to be settled: {@code meridian.orders.oldest.placed}, in seconds, 0
 * where none waits. Measured at an interval rather than at each scrape; between two measurements it goes on growing, as
 * it does while the database cannot be asked.
 */
@Component
class OldestPlaced {

    private static final Logger log = LoggerFactory.getLogger(OldestPlaced.class);

    private final Orders orders;
    private final Clock clock;
    private volatile Optional<Instant> placedAt = Optional.empty();
    private final RetryBackOff backOff = new RetryBackOff(log, "Asking for the oldest open order");

    OldestPlaced(Orders orders, Clock clock, MeterRegistry metrics) {
        this.orders = orders;
        this.clock = clock;
        Gauge.builder("meridian.orders.oldest.placed", this, OldestPlaced::seconds)
                .description("How long the oldest order has been waiting to be settled")
                .baseUnit("seconds")
                .register(metrics);
    }

    void measure() {
        placedAt = orders.oldestPlaced();
    }

    private double seconds() {
        return placedAt.map(at ->
                        Math.max(0, Duration.between(at, clock.instant()).toMillis() / 1000.0))
                .orElse(0.0);
    }

    @Scheduled(fixedDelayString = "${meridian.reemission.check}")
    void measureRegularly() {
        try {
            measure();
            backOff.succeeded();
        } catch (DataAccessException e) {
            backOff.failed(e);
        }
    }
}

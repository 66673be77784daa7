package dev.meridian.orders.deadletters;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.dao.DataAccessException;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;

/** Shows how many dead letters wait for an operator. The gauge has no value while the database does not answer. */
@Component
class OpenDeadLetters {

    private final DeadLetters letters;
    private volatile double open = Double.NaN;

    OpenDeadLetters(DeadLetters letters, MeterRegistry metrics) {
        this.letters = letters;
        Gauge.builder("meridian.dead.letters.open", this, counted -> counted.open)
                .description("Dead letters that can be sent again and were not")
                .register(metrics);
    }

    @Scheduled(fixedDelayString = "${meridian.dead-letters.count}")
    void count() {
        try {
            open = letters.open();
        } catch (DataAccessException | TransactionException e) {
            open = Double.NaN;
        }
    }
}

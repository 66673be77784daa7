package dev.meridian.orders.idempotency;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * @param keep how long a key stands for its answer; after that it is as new
 * @param sweep the pause between two deletions of expired keys
 * @param sweepBatch at most so many keys go in one deletion
 */
@ConfigurationProperties("meridian.idempotency")
record IdempotencySettings(Duration keep, Duration sweep, int sweepBatch) {

    IdempotencySettings {
        if (!keep.isPositive() || !sweep.isPositive()) {
            throw new IllegalArgumentException("meridian.idempotency.keep and .sweep must be positive");
        }
        if (sweepBatch < 1) {
            throw new IllegalArgumentException("meridian.idempotency.sweep-batch must be at least 1");
        }
    }
}

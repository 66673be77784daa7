package dev.meridian.orders.database;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * @param url where the replica is, and never the primary; there must be one replica behind it, since the answers of one
 *     would say nothing of another
 * @param poll the pause between two questions
 * @param answer a server that takes longer to answer is taken to be away
 * @param fresh how long an answer counts
 * @param maxLag a replica that is further behind gets no reads while the primary answers; a read without a position is
 *     older than that by at most {@code fresh}
 */
@ConfigurationProperties("meridian.replica")
record ReplicaSettings(String url, Duration poll, Duration answer, Duration fresh, Duration maxLag) {

    ReplicaSettings {
        if (!poll.isPositive() || !answer.isPositive() || !fresh.isPositive() || !maxLag.isPositive()) {
            throw new IllegalArgumentException("meridian.replica.poll, .answer, .fresh and .max-lag must be positive");
        }
        if (fresh.compareTo(poll) <= 0) {
            throw new IllegalArgumentException("meridian.replica.fresh must be longer than meridian.replica.poll");
        }
    }
}

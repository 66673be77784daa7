package dev.meridian.orders.database;

import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/**
 * @param url where the replica is, and never the primary
 * @param checkInterval how often the replica is asked how far it is behind
 * @param maxLag a replica that is further behind is read only while the primary is away
 */
@Validated
@ConfigurationProperties("meridian.replica")
record ReplicaSettings(
        String url,
        @DurationMin(nanos = 1) Duration checkInterval,
        @DurationMin(nanos = 1) Duration maxLag) {}

package dev.meridian.orders.deadletters;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.time.OffsetDateTime;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The event of {@code docs/events/dead-letter.schema.json}. */
@JsonIgnoreProperties(ignoreUnknown = true)
record FulfilmentDeadLetter(
        @Nullable UUID orderId,
        String topic,
        int partition,
        long offset,
        @Nullable String type,
        int failures,
        String reason,
        OffsetDateTime failedAt,
        byte @Nullable [] content) {

    static final String TYPE = "dev.meridian.fulfilment.dead-letter";

    FulfilmentDeadLetter {
        if (topic == null || reason == null || failedAt == null) {
            throw new IllegalArgumentException("A dead letter names its topic, its reason and its time");
        }
    }
}

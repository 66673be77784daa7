package dev.meridian.orders.deadletters;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An event that the queue gave up on.
 *
 * @param orderId null where the record's key is no order's id
 * @param origin where it was taken from; null where the queue did not say
 * @param type the CloudEvents type; null where the record had none, or is gone from its topic
 * @param deliveries how often it was tried
 * @param reason in the queue's words
 * @param redrivenAt when it was sent again; null while it is open
 * @param redrivenBy the operator who did that
 * @param content what the record held, or the beginning of it
 * @param size of the record's value in bytes; -1 where it had none
 */
public record DeadLetter(
        long id,
        @Nullable UUID orderId,
        @Nullable Origin origin,
        @Nullable String type,
        @Nullable Integer deliveries,
        @Nullable String reason,
        Instant diedAt,
        @Nullable Instant redrivenAt,
        @Nullable String redrivenBy,
        byte[] content,
        int size) {

    /** A record's place. */
    public record Origin(String topic, int partition, long offset) {}
}

package dev.meridian.orders.deadletters;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A record that the worker gave up, or that this service set aside.
 *
 * @param orderId null where it names no order
 * @param origin where the record is; null where that is not known
 * @param type the CloudEvents type; null where the record has none, or it is not known
 * @param failures how often it was tried in vain; 0 where it could not be read
 * @param reason for an operator
 * @param redrivenAt when it was sent again; null while it is open
 * @param redrivenBy the operator who sent it
 * @param content the beginning of what the record held
 * @param size of what is kept of the record's value, in bytes; -1 where it had none
 */
public record DeadLetter(
        long id,
        @Nullable UUID orderId,
        @Nullable Origin origin,
        @Nullable String type,
        @Nullable Integer failures,
        @Nullable String reason,
        Instant diedAt,
        @Nullable Instant redrivenAt,
        @Nullable String redrivenBy,
        byte[] content,
        int size) {

    /** A record's place. */
    public record Origin(String topic, int partition, long offset) {}
}

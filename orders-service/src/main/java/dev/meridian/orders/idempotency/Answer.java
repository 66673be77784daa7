package dev.meridian.orders.idempotency;

import org.jspecify.annotations.Nullable;

/**
 * What a request is answered, in the form in which it is kept and given again.
 *
 * @param status the HTTP status
 * @param location the header {@code Location}; null where the answer has none
 * @param etag the header {@code ETag}; null where the answer has none
 * @param kept whether the request was processed, so that its key now stands for this answer; where it was not, nothing
 *     that processing wrote is kept either, and the same key may be sent again
 */
public record Answer(
        int status,
        String contentType,
        @Nullable String location,
        @Nullable String etag,
        String body,
        boolean kept) {

    public Answer {
        if (status < 100 || status > 599) {
            throw new IllegalArgumentException("There is no HTTP status " + status);
        }
    }
}

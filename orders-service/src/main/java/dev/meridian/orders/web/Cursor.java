package dev.meridian.orders.web;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.UUID;
import org.springframework.http.HttpStatus;

/** The place in a list after which the next page starts: the last element's id, in a form that promises nothing. */
public final class Cursor {

    /** How many elements a page has where the request does not say. */
    public static final int PAGE = 20;

    private static final int BYTES = 16;

    private Cursor() {}

    public static String encode(UUID last) {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES)
                .putLong(last.getMostSignificantBits())
                .putLong(last.getLeastSignificantBits());
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
    }

    /** @throws Problem for anything that {@link #encode} did not make */
    public static UUID decode(String cursor) {
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(cursor);
            if (bytes.length == BYTES) {
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                return new UUID(buffer.getLong(), buffer.getLong());
            }
        } catch (IllegalArgumentException e) {
            // Not Base64: answered below like any other wrong cursor.
        }
        throw new Problem(
                HttpStatus.BAD_REQUEST,
                "invalid-cursor",
                "Invalid cursor",
                "The cursor is not one that this list gave out.");
    }
}

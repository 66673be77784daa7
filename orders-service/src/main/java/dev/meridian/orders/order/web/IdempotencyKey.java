package dev.meridian.orders.order.web;

import dev.meridian.orders.web.Problem;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;

/**
 * The header {@code Idempotency-Key}: the caller's own name for a request. Sent twice with one value it is one key, also
 * where an intermediary joined the lines with a comma (RFC 9110, section 5.3), so no key has a comma.
 */
final class IdempotencyKey {

    private static final String HEADER = "Idempotency-Key";
    private static final Pattern KEY = Pattern.compile("[!-~&&[^,]]{1,255}");

    private IdempotencyKey() {}

    /** @throws Problem where there is none, or {@link #optional} refuses it */
    static String required(HttpServletRequest request) {
        String key = optional(request);
        if (key == null) {
            throw new Problem(
                            HttpStatus.BAD_REQUEST,
                            "missing-idempotency-key",
                            "Missing header",
                            "The request needs the header Idempotency-Key.")
                    .inHeader(HEADER);
        }
        return key;
    }

    /**
     * @return null where the request has none
     * @throws Problem for two different values, and for one that is no key
     */
    static @Nullable String optional(HttpServletRequest request) {
        Set<String> keys = Collections.list(request.getHeaders(HEADER)).stream()
                .flatMap(line -> Stream.of(line.split(",", -1)))
                .map(String::strip)
                .collect(Collectors.toSet());
        if (keys.isEmpty()) {
            return null;
        }
        String key = keys.iterator().next();
        if (keys.size() > 1 || !KEY.matcher(key).matches()) {
            throw new Problem(
                            HttpStatus.BAD_REQUEST,
                            "invalid-idempotency-key",
                            "Invalid Idempotency-Key",
                            "Idempotency-Key takes one value of 1 to 255 visible ASCII characters without commas.")
                    .inHeader(HEADER);
        }
        return key;
    }
}

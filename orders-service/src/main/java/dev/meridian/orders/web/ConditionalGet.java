package dev.meridian.orders.web;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

/**
 * The answer to a GET under its preconditions, in the order of RFC 9110, section 13.2.2. Spring does the rest: it
 * compares the ETags of If-None-Match, but for safe methods it evaluates neither If-Match nor {@code *}.
 */
public final class ConditionalGet {

    private ConditionalGet() {}

    /**
     * @param ok the answer's other headers
     * @param tag the strong ETag of the JSON, without its quotes
     * @throws Problem where If-Match is malformed or does not name the tag
     */
    public static ResponseEntity<byte[]> answer(
            HttpServletRequest request, ResponseEntity.BodyBuilder ok, String tag, byte[] json) {
        List<String> expected = IfMatch.tags(list(request, HttpHeaders.IF_MATCH));
        if (expected != null && !expected.contains(tag)) {
            throw new Problem(
                    HttpStatus.PRECONDITION_FAILED,
                    "version-mismatch",
                    "Version mismatch",
                    "There is another version than If-Match names.");
        }
        ok.eTag('"' + tag + '"');
        if ("*".equals(list(request, HttpHeaders.IF_NONE_MATCH))) {
            return new ResponseEntity<>(ok.build().getHeaders(), HttpStatus.NOT_MODIFIED);
        }
        return ok.contentType(MediaType.APPLICATION_JSON).body(json);
    }

    /** The lines of a header as one list; null where there is none. */
    private static @Nullable String list(HttpServletRequest request, String header) {
        List<String> lines = Collections.list(request.getHeaders(header));
        return lines.isEmpty() ? null : String.join(",", lines);
    }
}

package dev.meridian.orders.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.ErrorResponseException;

/** A refusal that the caller gets as a problem detail (RFC 9457) of a type of our own. */
public final class Problem extends ErrorResponseException {

    static final String TYPES = "https://meridian.dev/problems/";

    /**
     * @param type the last part of the type's URI
     * @param title the same for every problem of the type
     * @param detail what the caller can do about this one; never anything internal
     */
    public Problem(HttpStatus status, String type, String title, String detail) {
        super(status, detail(status, type, title, detail), null);
    }

    /** The same problem, with a hint when to try again; in whole seconds. */
    public Problem retryAfter(Duration pause) {
        return with(HttpHeaders.RETRY_AFTER, Long.toString(pause.toSeconds()));
    }

    /** The same problem, naming the header that is missing or malformed. */
    public Problem inHeader(String name) {
        getBody()
                .setProperty(
                        "errors",
                        List.of(new Violation(
                                null, name, String.valueOf(getBody().getDetail()))));
        return this;
    }

    Problem with(String header, String value) {
        getHeaders().set(header, value);
        return this;
    }

    /**
     * One thing that is wrong with a request.
     *
     * @param pointer where in the body, as a JSON pointer, or a parameter's name; null for a header
     * @param header its name; null for anything else
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Violation(@Nullable String pointer, @Nullable String header, String detail) {}

    /** The last part of the type of a problem about which nothing is known but its status. */
    static String type(HttpStatus status) {
        return switch (status) {
            case CONTENT_TOO_LARGE -> "body-too-large";
            case URI_TOO_LONG -> "address-too-long";
            case REQUEST_HEADER_FIELDS_TOO_LARGE -> "headers-too-large";
            case INTERNAL_SERVER_ERROR -> "internal-error";
            default -> status.getReasonPhrase().toLowerCase(Locale.ROOT).replace(' ', '-');
        };
    }

    private static ProblemDetail detail(HttpStatus status, String type, String title, String detail) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
        problem.setType(URI.create(TYPES + type));
        problem.setTitle(title);
        return problem;
    }
}

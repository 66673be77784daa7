package dev.meridian.orders.web;

import java.net.URI;
import java.time.Duration;
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

    Problem with(String header, String value) {
        getHeaders().set(header, value);
        return this;
    }

    private static ProblemDetail detail(HttpStatus status, String type, String title, String detail) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
        problem.setType(URI.create(TYPES + type));
        problem.setTitle(title);
        return problem;
    }
}

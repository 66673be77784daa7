package dev.meridian.gateway.problems;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;

/**
 * The errors that the gateway itself answers with, as RFC 9457 problem details. The texts are fixed, so no internal
 * detail of a failure can reach a caller.
 */
public enum Problem {
    MISSING_TOKEN(HttpStatus.UNAUTHORIZED, "Missing token", "This address needs a bearer token."),
    INVALID_TOKEN(
            HttpStatus.UNAUTHORIZED, "Invalid token", "The bearer token is malformed, expired or not meant for us."),
    INSUFFICIENT_SCOPE(
            HttpStatus.FORBIDDEN, "Insufficient scope", "The bearer token lacks the scope that this address needs."),
    NOT_FOUND(HttpStatus.NOT_FOUND, "Not found", "Nothing is found at this address."),
    METHOD_NOT_ALLOWED(HttpStatus.METHOD_NOT_ALLOWED, "Method not allowed", "This address does not know this method."),
    BAD_REQUEST(HttpStatus.BAD_REQUEST, "Bad request", "The request cannot be understood."),
    BODY_TOO_LARGE(HttpStatus.CONTENT_TOO_LARGE, "Body too large", "A request's body may hold 64 KiB at most."),
    ADDRESS_TOO_LONG(HttpStatus.URI_TOO_LONG, "Address too long", "An address may hold 4 KiB at most."),
    HEADERS_TOO_LARGE(
            HttpStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Headers too large",
            "A request's headers may hold 16 KiB at most."),
    REQUEST_TIMEOUT(HttpStatus.REQUEST_TIMEOUT, "Request time-out", "The request took too long to arrive."),
    RATE_LIMITED(HttpStatus.TOO_MANY_REQUESTS, "Rate limited", "Too many requests."),
    INTERNAL_ERROR(HttpStatus.INTERNAL_SERVER_ERROR, "Internal error", "Something went wrong on our side."),
    BROKEN_ANSWER(HttpStatus.BAD_GATEWAY, "Broken answer", "The service stopped before it had answered."),
    SERVICE_UNAVAILABLE(HttpStatus.SERVICE_UNAVAILABLE, "Service unavailable", "The service cannot be reached now."),
    SERVICE_OVERLOADED(HttpStatus.SERVICE_UNAVAILABLE, "Service overloaded", "The service has too much to do now."),
    IDENTITY_UNAVAILABLE(
            HttpStatus.SERVICE_UNAVAILABLE, "Identity unavailable", "Bearer tokens cannot be checked now."),
    SERVICE_TIMEOUT(HttpStatus.GATEWAY_TIMEOUT, "Service time-out", "The service took too long to answer.");

    private final HttpStatus status;
    private final byte[] json;

    Problem(HttpStatus status, String title, String detail) {
        this.status = status;
        this.json = """
                {"type":"https://meridian.dev/problems/%s","title":"%s","status":%d,"detail":"%s"}""".formatted(name().toLowerCase(Locale.ROOT).replace('_', '-'), title, status.value(), detail)
                .getBytes(StandardCharsets.UTF_8);
    }

    /** The first problem with this status, or else the one of all other requests that we refuse, or cannot answer. */
    static Problem of(HttpStatusCode status) {
        return Arrays.stream(values())
                .filter(problem -> problem.status.isSameCodeAs(status))
                .findFirst()
                .orElse(status.is4xxClientError() ? BAD_REQUEST : INTERNAL_ERROR);
    }

    HttpStatus status() {
        return status;
    }

    byte[] json() {
        return json.clone();
    }

    /** Whether the same request may well succeed a moment later. */
    boolean passing() {
        return status == HttpStatus.SERVICE_UNAVAILABLE || status == HttpStatus.BAD_GATEWAY;
    }
}

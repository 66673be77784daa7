package dev.meridian.orders.web;

import java.net.URI;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.tomcat.util.http.InvalidParameterException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.transaction.TransactionException;
import org.springframework.validation.FieldError;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.method.annotation.HandlerMethodValidationException;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/** The one place that turns what went wrong into a problem detail. */
@RestControllerAdvice
class Problems extends ResponseEntityExceptionHandler {

    private static final Logger log = LoggerFactory.getLogger(Problems.class);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    private static final int MOST_VIOLATIONS = 10;

    @Override
    protected @Nullable ResponseEntity<Object> handleHttpMessageNotReadable(
            HttpMessageNotReadableException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        return answer(
                switch (e.getCause()) {
                    case null -> badRequest("missing-body", "Missing body", "The request needs a JSON body.");
                    case UnrecognizedPropertyException unknown ->
                        badRequest(
                                "unknown-field",
                                "Unknown field",
                                "The field " + pointer(unknown) + " is not part of this request.");
                    case JacksonException json
                    when !json.getPath().isEmpty() -> malformed("; look at " + pointer(json) + ".");
                    default -> malformed(".");
                },
                request);
    }

    private static Problem malformed(String where) {
        return badRequest(
                "malformed-body", "Malformed body", "The body is not the JSON that this request takes" + where);
    }

    private static Problem badRequest(String type, String title, String detail) {
        return new Problem(HttpStatus.BAD_REQUEST, type, title, detail);
    }

    private @Nullable ResponseEntity<Object> answer(Problem problem, WebRequest request) {
        return handleErrorResponseException(problem, problem.getHeaders(), problem.getStatusCode(), request);
    }

    private static String pointer(JacksonException e) {
        StringBuilder pointer = new StringBuilder();
        for (JacksonException.Reference step : e.getPath()) {
            pointer.append('/').append(step.getPropertyName() == null ? step.getIndex() : step.getPropertyName());
        }
        return pointer.toString();
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleMethodArgumentNotValid(
            MethodArgumentNotValidException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        return invalid(e.getFieldErrors().stream().map(Problems::violation), request);
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleHandlerMethodValidationException(
            HandlerMethodValidationException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        return invalid(
                e.getParameterValidationResults().stream()
                        .flatMap(result -> result.getResolvableErrors().stream()
                                .map(error -> error instanceof FieldError field
                                        ? violation(field)
                                        : new Problem.Violation(
                                                String.valueOf(result.getMethodParameter()
                                                        .getParameterName()),
                                                null,
                                                String.valueOf(error.getDefaultMessage())))),
                request);
    }

    private static Problem.Violation violation(FieldError error) {
        String pointer =
                '/' + error.getField().replace("[", "/").replace("]", "").replace('.', '/');
        return new Problem.Violation(pointer, null, String.valueOf(error.getDefaultMessage()));
    }

    private @Nullable ResponseEntity<Object> invalid(Stream<Problem.Violation> violations, WebRequest request) {
        var problem = badRequest("invalid-request", "Invalid request", "The request breaks the rules in errors.");
        problem.getBody()
                .setProperty("errors", violations.limit(MOST_VIOLATIONS).toList());
        return answer(problem, request);
    }

    /** Spring names the methods that are mapped; HEAD comes with GET, and OPTIONS is answered everywhere. */
    @Override
    protected @Nullable ResponseEntity<Object> handleHttpRequestMethodNotSupported(
            HttpRequestMethodNotSupportedException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        Set<HttpMethod> allowed = new TreeSet<>(headers.getAllow());
        if (allowed.contains(HttpMethod.GET)) {
            allowed.add(HttpMethod.HEAD);
        }
        allowed.add(HttpMethod.OPTIONS);
        var answered = new HttpHeaders();
        answered.setAllow(allowed);
        return super.handleHttpRequestMethodNotSupported(e, answered, status, request);
    }

    /** Tomcat decodes the parameters when the first is asked for. */
    @ExceptionHandler
    @Nullable
    ResponseEntity<Object> undecodable(InvalidParameterException e, WebRequest request) {
        return answer(badRequest("bad-request", "Bad Request", "The query cannot be decoded."), request);
    }

    /** The database did not answer in time, or is not there: nothing was stored, the caller may try again. */
    @ExceptionHandler({DataAccessException.class, TransactionException.class})
    @Nullable
    ResponseEntity<Object> unavailable(Exception e, WebRequest request) {
        if (e instanceof DataIntegrityViolationException) {
            return unexpected(e, request); // to try again would not help
        }
        log.warn("The database failed a request: {}", e.getMessage());
        return answer(
                new Problem(
                                HttpStatus.SERVICE_UNAVAILABLE,
                                "temporarily-unavailable",
                                "Temporarily unavailable",
                                "The request could not be served now; with the same Idempotency-Key it may be sent again.")
                        .retryAfter(RETRY_AFTER),
                request);
    }

    @ExceptionHandler
    @Nullable
    ResponseEntity<Object> unexpected(Exception e, WebRequest request) {
        log.error("A request failed", e);
        return answer(
                new Problem(
                        HttpStatus.INTERNAL_SERVER_ERROR,
                        "internal-error",
                        "Internal error",
                        "Something went wrong on our side."),
                request);
    }

    /**
     * Spring's own problems get a type of ours too: the name of their status. With a media type of their own they are
     * sent whatever the request accepts.
     */
    @Override
    protected ResponseEntity<Object> createResponseEntity(
            @Nullable Object body, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        if (body instanceof ProblemDetail problem
                && !String.valueOf(problem.getType()).startsWith(Problem.TYPES)) {
            problem.setType(URI.create(Problem.TYPES + Problem.type(HttpStatus.valueOf(status.value()))));
        }
        return ResponseEntity.status(status)
                .headers(headers)
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(body);
    }
}

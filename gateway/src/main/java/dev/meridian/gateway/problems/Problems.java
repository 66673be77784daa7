package dev.meridian.gateway.problems;

import io.netty.handler.timeout.ReadTimeoutException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.webflux.error.ErrorWebExceptionHandler;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.stereotype.Component;
import org.springframework.web.ErrorResponse;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.netty.internal.shaded.reactor.pool.PoolAcquirePendingLimitException;
import reactor.netty.internal.shaded.reactor.pool.PoolAcquireTimeoutException;

/** The one place that answers with a {@link Problem}; before Spring Boot's own handler of errors, hence the order. */
@Component
@Order(-2)
public class Problems implements ErrorWebExceptionHandler {

    private static final Logger log = LoggerFactory.getLogger(Problems.class);

    @Override
    public Mono<Void> handle(ServerWebExchange exchange, Throwable error) {
        if (exchange.getResponse().isCommitted()) {
            return Mono.error(error); // too late for an answer; the connection breaks off
        }
        var problem = problemOf(error);
        var request = exchange.getRequest();
        if (problem == Problem.INTERNAL_ERROR) {
            log.error("{} {} failed", request.getMethod(), request.getPath(), error);
        } else if (problem.status().is5xxServerError() && problem != Problem.IDENTITY_UNAVAILABLE) { // made-up keys
            log.warn("{} {}: {}: {}", request.getMethod(), request.getPath(), problem, error.toString());
        }
        if (error instanceof ErrorResponse refusal) {
            exchange.getResponse().getHeaders().putAll(refusal.getHeaders()); // Allow
        }
        return answer(exchange, problem);
    }

    /** Answers the request with this problem. */
    public Mono<Void> answer(ServerWebExchange exchange, Problem problem) {
        var response = exchange.getResponse();
        var json = problem.json();
        response.setStatusCode(problem.status());
        response.getHeaders().setContentType(MediaType.APPLICATION_PROBLEM_JSON);
        response.getHeaders().setContentLength(json.length);
        if (problem.passing()) {
            response.getHeaders().set(HttpHeaders.RETRY_AFTER, "1");
        }
        if (problem == Problem.REQUEST_TIMEOUT) {
            response.getHeaders().set(HttpHeaders.CONNECTION, "close"); // the rest of it may still come
        }
        return response.writeWith(
                Mono.fromSupplier(() -> response.bufferFactory().wrap(json)));
    }

    /** The problem that a caller is told of where this error ended its request. */
    public static Problem problemOf(Throwable error) {
        if (error instanceof ResponseStatusException refused) {
            return Problem.of(refused.getStatusCode());
        }
        for (@Nullable Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (problemOfCause(cause) instanceof Problem problem) {
                return problem;
            }
        }
        return Problem.INTERNAL_ERROR;
    }

    private static @Nullable Problem problemOfCause(Throwable error) {
        return switch (error) {
            case PoolAcquirePendingLimitException _, PoolAcquireTimeoutException _ -> Problem.SERVICE_OVERLOADED;
            case AuthenticationServiceException _ -> Problem.IDENTITY_UNAVAILABLE;
            case ConnectException _, UnknownHostException _ -> Problem.SERVICE_UNAVAILABLE;
            case ReadTimeoutException _ -> Problem.SERVICE_TIMEOUT;
            case IOException _ -> Problem.BROKEN_ANSWER;
            default -> null;
        };
    }
}

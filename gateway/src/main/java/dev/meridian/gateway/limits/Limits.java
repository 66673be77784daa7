package dev.meridian.gateway.limits;

import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Positive;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/**
 * How much the gateway lets through, and how long it waits.
 *
 * @param rate requests per second of one subject, over all gateways that share a Redis
 * @param burst how many a subject may send at once after a pause
 * @param addressRate requests per second of one address, by callers without a token, at this gateway
 * @param addressBurst how many of these at once after a pause
 * @param concurrency requests under way on one route at the same time
 * @param requestTime for a request to arrive, from its first byte to the last of its body
 */
@Validated
@ConfigurationProperties("meridian.limits")
record Limits(
        @Positive int rate,
        @Positive int burst,
        @Positive int addressRate,
        @Positive int addressBurst,
        @Positive int concurrency,
        @NotNull @DurationMin(millis = 1) Duration requestTime,
        @NotNull @Valid Redis redis,
        @NotNull @Valid Retries retries,
        @NotNull @Valid Breaker breaker) {

    /**
     * Where the subjects' rates are kept.
     *
     * @param sslBundle Spring Boot's name of the certificates that are trusted; where it is empty the
     *     connection is plain
     * @param timeout how long a request waits for an answer of Redis
     */
    record Redis(
            @NotNull String host,
            @Positive int port,
            @NotBlank String user,
            @NotBlank String password,
            @NotNull String sslBundle,
            @NotNull @DurationMin(millis = 1) Duration timeout) {}

    /**
     * How many requests may be sent again, on each route.
     *
     * @param percent for each request so many hundredths of a retry are earned
     * @param perSecond so many are earned each second besides, for routes with few requests
     * @param saved at most so many are kept for later
     */
    record Retries(
            @Positive int percent,
            @Positive int perSecond,
            @Positive int saved) {}

    /**
     * When a route is given a rest, and for how long.
     *
     * @param percent so many of the calls have to fail, or so many to be slow
     * @param slow how long a slow call takes at least
     * @param window of the last calls those of this time count
     * @param minimum of fewer calls nothing is concluded
     * @param open how long nothing is sent
     * @param halfOpenCalls so many calls decide afterwards whether that was enough
     */
    record Breaker(
            @Positive int percent,
            @NotNull @DurationMin(millis = 1) Duration slow,
            @NotNull @DurationMin(seconds = 1) Duration window,
            @Positive int minimum,
            @NotNull @DurationMin(millis = 1) Duration open,
            @Positive int halfOpenCalls) {}
}

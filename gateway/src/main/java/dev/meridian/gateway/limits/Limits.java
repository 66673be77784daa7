package dev.meridian.gateway.limits;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * How much the gateway lets through, and how long it waits.
 *
 * @param rate requests per second of one subject, over all gateways that share a Redis
 * @param burst how many a subject may send at once after a pause
 * @param concurrency requests under way on one route at the same time
 * @param requestTime for a request to arrive, from its first byte to the last of its body
 */
@ConfigurationProperties("meridian.limits")
record Limits(
        int rate, int burst, int concurrency, Duration requestTime, Redis redis, Retries retries, Breaker breaker) {

    Limits {
        positive("rate", rate);
        positive("burst", burst);
        positive("concurrency", concurrency);
        positive("request-time", requestTime);
    }

    /**
     * Where the subjects' rates are kept.
     *
     * @param timeout how long a request waits for an answer of Redis
     */
    record Redis(String host, int port, Duration timeout) {

        Redis {
            positive("redis.port", port);
            positive("redis.timeout", timeout);
        }
    }

    /**
     * How many requests may be sent again, on each route.
     *
     * @param percent for each request so many hundredths of a retry are earned
     * @param perSecond so many are earned each second besides, for routes with few requests
     * @param saved at most so many are kept for later
     */
    record Retries(int percent, int perSecond, int saved) {

        Retries {
            positive("retries.percent", percent);
            positive("retries.per-second", perSecond);
            positive("retries.saved", saved);
        }
    }

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
    record Breaker(int percent, Duration slow, Duration window, int minimum, Duration open, int halfOpenCalls) {

        Breaker {
            positive("breaker.percent", percent);
            positive("breaker.slow", slow);
            positive("breaker.window", window);
            positive("breaker.minimum", minimum);
            positive("breaker.open", open);
            positive("breaker.half-open-calls", halfOpenCalls);
        }
    }

    private static void positive(String name, int value) {
        check(name, value, value > 0);
    }

    private static void positive(String name, Duration value) {
        check(name, value, value.isPositive());
    }

    private static void check(String name, Object value, boolean positive) {
        if (!positive) {
            throw new IllegalArgumentException("meridian.limits." + name + " must be positive, and is " + value);
        }
    }
}

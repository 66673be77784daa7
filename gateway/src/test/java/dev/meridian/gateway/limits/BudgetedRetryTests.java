package dev.meridian.gateway.limits;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.RetryGatewayFilterFactory.RetryConfig;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import reactor.core.publisher.Mono;

class BudgetedRetryTests {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final int SAVED = 3;

    private final BudgetedRetry retry = new BudgetedRetry(
            new Limits(
                    1,
                    1,
                    1,
                    1,
                    1,
                    LONG,
                    new Limits.Redis("localhost", 1, "user", "password", "", LONG),
                    new Limits.Retries(10, 1, SAVED),
                    new Limits.Breaker(50, LONG, LONG, 1, LONG, 1)),
            new SimpleMeterRegistry());
    private final AtomicInteger attempts = new AtomicInteger();

    private final GatewayFilter one = route("one");
    private final GatewayFilter other = route("other");

    private GatewayFilter route(String id) {
        var config = new RetryConfig();
        config.setRouteId(id);
        return retry.apply(config.setRetries(2)
                .setMethods(HttpMethod.GET)
                .setSeries()
                .setStatuses(HttpStatus.SERVICE_UNAVAILABLE)
                .setExceptions(IOException.class));
    }

    private MockServerWebExchange answered(GatewayFilter route, HttpMethod method) {
        var exchange = MockServerWebExchange.from(MockServerHttpRequest.method(method, "/"));
        route.filter(
                        exchange,
                        attempt -> Mono.fromRunnable(() -> {
                            attempts.incrementAndGet();
                            attempt.getResponse().setStatusCode(HttpStatus.SERVICE_UNAVAILABLE);
                        }))
                .block(LONG);
        return exchange;
    }

    @Test
    void retriesEndWithTheirBudget() {
        long begin = System.nanoTime();
        for (int i = 0; i < 20; i++) {
            assertThat(answered(one, HttpMethod.GET).getResponse().getStatusCode())
                    .isEqualTo(HttpStatus.SERVICE_UNAVAILABLE);
        }
        long earned = 2 + 1 + Duration.ofNanos(System.nanoTime() - begin).toSeconds();
        assertThat(attempts.get() - 20).isBetween(SAVED, (int) (SAVED + earned));
    }

    @Test
    void eachRouteHasItsOwnBudget() {
        for (int i = 0; i < 20; i++) {
            answered(one, HttpMethod.GET);
        }
        attempts.set(0);
        answered(other, HttpMethod.GET);
        assertThat(attempts).hasValue(3);
    }

    @Test
    void whatMustNotBeSentTwiceCostsNothing() {
        for (int i = 0; i < 20; i++) {
            answered(one, HttpMethod.POST);
        }
        assertThat(attempts).hasValue(20);
        answered(one, HttpMethod.GET);
        assertThat(attempts).hasValue(23);
    }
}

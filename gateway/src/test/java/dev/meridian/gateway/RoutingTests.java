package dev.meridian.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.cloud.client.discovery.event.HeartbeatEvent;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.context.ApplicationEventPublisher;

class RoutingTests extends RunningGateway {

    @Test
    void keepsItsRoutesWhateverTheRegistryTells(
            @Autowired RouteLocator routes, @Autowired ApplicationEventPublisher registry) {
        var before = routes.getRoutes().collectList().block();
        assertThat(before).isNotEmpty();

        registry.publishEvent(new HeartbeatEvent(this, UUID.randomUUID()));

        assertThat(routes.getRoutes().collectList().block()).isEqualTo(before); // made anew, none equals the one before
    }

    @Test
    void finds404WhereNothingIsRoutedWithATokenOrWithout() {
        for (var path : new String[] {"/nothing", "/api/nothing", "/actuator/health", "/actuator/gateway/routes"}) {
            isProblem(answer(to(path)), 404, "not-found");
            isProblem(answer(withToken(path)), 404, "not-found");
        }
    }

    @Test
    void says503WhenNoInstanceIsRegistered() {
        var answer = answer(to("/login"));
        isProblem(answer, 503, "service-unavailable");
        assertThat(answer.headers().firstValue("Retry-After")).contains("1");
    }

    @Test
    void says504WhenAServiceHangs() {
        isProblem(answer(withToken("/api/orders/hang")), 504, "service-timeout");
    }

    @Test
    void triesAnotherInstanceForWhatMayBeSentTwice() {
        for (int i = 0; i < 10; i++) {
            assertThat(answer(withToken("/api/orders/1")).body()).startsWith("working");
            var keyed = answer(post(
                    withToken("/api/orders").header("Idempotency-Key", "k" + i),
                    BodyPublishers.ofString("x".repeat(9))));
            assertThat(keyed.body()).startsWith("working\nbody 9\n");
        }
    }

    @Test
    void neverSendsAPostWithoutAKeyTwice() {
        WORKING.asked.clear();
        int refused = 0;
        int broken = 0;
        for (int i = 0; i < 10; i++) {
            var answer = answer(post(withToken("/api/orders/break")));
            if (answer.statusCode() == 503) {
                refused++; // by the dead instance
            } else {
                isProblem(answer, 502, "broken-answer");
                broken++;
            }
        }
        assertThat(refused).isPositive();
        assertThat(broken).isPositive();
        assertThat(WORKING.asked.stream().filter("POST /api/orders/break"::equals))
                .hasSize(broken);
    }

    @Test
    void stopsRetryingAfterThreeAttempts() {
        WORKING.asked.clear();
        assertThat(answer(withToken("/api/orders/unready")).statusCode()).isEqualTo(503);
        assertThat(WORKING.asked.stream().filter("GET /api/orders/unready"::equals))
                .hasSizeBetween(1, 2); // the others went to the dead instance
    }

    @Test
    void sendsNothingToAnInstanceThatIsNotReady() {
        for (int i = 0; i < 10; i++) {
            answer(withToken("/api/orders/1"));
        }
        assertThat(UNREADY.asked).isNotEmpty().containsOnly("GET /actuator/health/readiness");
    }

    @Test
    void refusesABodyThatDeclaresItselfTooLarge() {
        var body = BodyPublishers.ofByteArray(new byte[BodyLimit.MAXIMUM + 1]);
        isProblem(answer(post(withToken("/api/orders").header("Idempotency-Key", "k"), body)), 413, "body-too-large");
    }

    @Test
    void refusesAChunkedBodyThatGrowsTooLarge() {
        for (var request : new String[] {"/api/orders/1", "/api/orders"}) {
            var body = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[BodyLimit.MAXIMUM + 1]));
            isProblem(answer(post(withToken(request).header("Idempotency-Key", "k"), body)), 413, "body-too-large");
        }
        var unkeyed = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[BodyLimit.MAXIMUM + 1]));
        isProblem(answer(post(withToken("/api/orders"), unkeyed)), 413, "body-too-large");
    }

    @Test
    void passesTheLargestBodyOn() {
        var body = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[BodyLimit.MAXIMUM]));
        var answer = answer(post(withToken("/api/orders").header("Idempotency-Key", "k"), body));
        assertThat(answer.body()).startsWith("working\nbody " + BodyLimit.MAXIMUM + "\n");
    }

    @Test
    void dropsHeadersThatClaimAnIdentity() {
        var request = withToken("/api/orders/1");
        ForgedHeaders.NAMES.forEach(name -> request.header(name, "forged"));
        request.header("X-Forwarded-For", "forged")
                .header("X-Forwarded-Host", "forged")
                .header("X-Forwarded-Proto", "forged")
                .header("Forwarded", "for=forged")
                .header("X-Kept", "kept");
        assertThat(answer(request).body()).contains("X-kept: kept").doesNotContain("forged");
    }

    @Test
    void continuesTheCallersTrace() {
        var trace = "0af7651916cd43dd8448eb211c80319c";
        var answer = answer(withToken("/api/orders/1").header("traceparent", "00-" + trace + "-b7ad6b7169203331-01"));
        assertThat(answer.body()).contains("Traceparent: 00-" + trace).doesNotContain("b7ad6b7169203331");
    }
}

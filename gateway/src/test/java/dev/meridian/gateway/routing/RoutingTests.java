package dev.meridian.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.gateway.RunningGateway;
import io.micrometer.core.instrument.LongTaskTimer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.cloud.client.discovery.event.HeartbeatEvent;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.context.ApplicationEventPublisher;

class RoutingTests extends RunningGateway {

    private static final int LARGEST_BODY = 64 * 1024;

    /** By these a caller could claim to be another one, to come from elsewhere or to ask something else. */
    private static final List<String> FORGED = List.of(
            "X-Real-IP",
            "X-Client-IP",
            "X-Cluster-Client-IP",
            "X-Envoy-External-Address",
            "X-Original-Forwarded-For",
            "X-Originating-IP",
            "X-Remote-IP",
            "X-Remote-Addr",
            "X-ProxyUser-Ip",
            "CF-Connecting-IP",
            "Fastly-Client-IP",
            "True-Client-IP",
            "Client-IP",
            "X-User-Id",
            "X-User",
            "X-User-Name",
            "X-User-Roles",
            "X-Username",
            "X-Subject",
            "X-Roles",
            "X-Scopes",
            "X-Remote-User",
            "X-Authenticated-User",
            "X-Auth-Request-User",
            "X-Auth-Request-Email",
            "X-Auth-Request-Groups",
            "X-Forwarded-User",
            "X-Forwarded-Email",
            "X-Forwarded-Groups",
            "X-Forwarded-Preferred-Username",
            "X-Forwarded-Access-Token",
            "X-Forwarded-Client-Cert",
            "X-Client-Cert",
            "X-SSL-Client-Cert",
            "X-SSL-Client-Verify",
            "X-Original-URL",
            "X-Original-URI",
            "X-Original-Host",
            "X-Original-Method",
            "X-Rewrite-URL",
            "X-Host",
            "X-HTTP-Method",
            "X-HTTP-Method-Override",
            "X-Method-Override");

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
        var body = BodyPublishers.ofByteArray(new byte[LARGEST_BODY + 1]);
        isProblem(answer(post(withToken("/api/orders").header("Idempotency-Key", "k"), body)), 413, "body-too-large");
    }

    @Test
    void refusesAChunkedBodyThatGrowsTooLarge() {
        for (var request : new String[] {"/api/orders/1", "/api/orders"}) {
            var body = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[LARGEST_BODY + 1]));
            isProblem(answer(post(withToken(request).header("Idempotency-Key", "k"), body)), 413, "body-too-large");
        }
        var unkeyed = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[LARGEST_BODY + 1]));
        isProblem(answer(post(withToken("/api/orders"), unkeyed)), 413, "body-too-large");
    }

    @Test
    void passesTheLargestBodyOn() {
        var body = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[LARGEST_BODY]));
        var answer = answer(post(withToken("/api/orders").header("Idempotency-Key", "k"), body));
        assertThat(answer.body()).startsWith("working\nbody " + LARGEST_BODY + "\n");
    }

    @Test
    void dropsHeadersThatClaimAnIdentity() {
        var request = withToken("/api/orders/1");
        FORGED.forEach(name -> request.header(name, "forged"));
        request.header("X-Forwarded-For", "forged")
                .header("X-Forwarded-Host", "forged")
                .header("X-Forwarded-Proto", "forged")
                .header("Forwarded", "for=forged")
                .header("X-Kept", "kept");
        assertThat(answer(request).body()).contains("X-kept: kept").doesNotContain("forged");
    }

    @Test
    void dropsHeadersThatEndAtAHop() {
        var answer = raw("GET /api/orders/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + TOKEN
                + "\r\nConnection: close, X-Ending\r\nX-Ending: dropped\r\nTE: trailers, dropped\r\nKeep-Alive: dropped\r\n"
                + "Proxy-Authorization: dropped\r\nUpgrade: dropped\r\nX-Kept: kept\r\nX-kept: too\r\n\r\n");
        assertThat(answer).startsWith("HTTP/1.1 200 ").contains("X-kept: kept", "X-kept: too");
        assertThat(answer).doesNotContain("dropped");
        assertThat(answer.split("X-kept: ")).as("each value once").hasSize(3);
    }

    @Test
    void passesNoHeaderOfAnAnswerOnThatEndsAtAHop() {
        var answer = answer(withToken("/api/orders/hops"));
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().map())
                .containsKey("x-kept")
                .doesNotContainKeys("x-ending", "keep-alive", "upgrade");
    }

    @Test
    void continuesTheCallersTrace() {
        var trace = "0af7651916cd43dd8448eb211c80319c";
        var answer = answer(withToken("/api/orders/1").header("traceparent", "00-" + trace + "-b7ad6b7169203331-01"));
        assertThat(answer.body()).contains("Traceparent: 00-" + trace).doesNotContain("b7ad6b7169203331");
    }

    @Test
    void observesARequestOnce(@Autowired ObservationRegistry registry, @Autowired MeterRegistry metrics) {
        var observed = new CopyOnWriteArrayList<Observation.Context>();
        registry.observationConfig().observationHandler(new ObservationHandler<>() {
            @Override
            public void onStart(Observation.Context context) {
                observed.add(context);
            }

            @Override
            public boolean supportsContext(Observation.Context context) {
                return true;
            }
        });

        for (int i = 0; i < 3; i++) {
            var request = post(withToken("/api/orders").header("Idempotency-Key", "observed" + i));
            assertThat(answer(request).statusCode()).isEqualTo(200);
        }

        assertThat(observed).hasSize(3).allMatch(context -> "http.server.requests".equals(context.getName()));
        assertThat(metrics.find("http.server.requests").timers()).isNotEmpty();
        assertThat(metrics.getMeters()).noneMatch(LongTaskTimer.class::isInstance);
    }
}

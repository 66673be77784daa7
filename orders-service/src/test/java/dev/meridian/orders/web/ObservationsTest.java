package dev.meridian.orders.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.orders.Api;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import io.micrometer.core.instrument.LongTaskTimer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.http.server.observation.ServerRequestObservationContext;

@RunningService
class ObservationsTest {

    private static final Duration LONG = Duration.ofSeconds(20);

    /** The names of the observations that begin, each with the path of the request that it is part of. */
    private static final class OfRequests implements ObservationHandler<Observation.Context> {

        private record Begun(String name, String path) {}

        private final List<Begun> begun = new CopyOnWriteArrayList<>();

        @Override
        public void onStart(Observation.Context context) {
            begun.add(new Begun(String.valueOf(context.getName()), pathOf(context)));
        }

        @Override
        public boolean supportsContext(Observation.Context context) {
            return true;
        }

        private static String pathOf(Observation.ContextView context) {
            if (context instanceof ServerRequestObservationContext request && request.getCarrier() != null) {
                return request.getCarrier().getRequestURI();
            }
            var parent = context.getParentObservation();
            return parent == null ? "" : pathOf(parent.getContextView());
        }

        List<String> of(String path) {
            return begun.stream()
                    .filter(observation -> observation.path.equals(path))
                    .map(Begun::name)
                    .toList();
        }
    }

    @Test
    void requestIsObservedOnce(
            @LocalServerPort int port, @Autowired ObservationRegistry registry, @Autowired MeterRegistry metrics) {
        var observations = new OfRequests();
        registry.observationConfig().observationHandler(observations);
        var api = new Api(port);
        var path = "/api/orders/" + UUID.randomUUID();

        var answer = api.send(api.request(path).method("GET", HttpRequest.BodyPublishers.noBody()), Tokens.of("alice"));

        assertThat(answer.status()).isEqualTo(404);
        assertThat(observations.of(path)).containsExactly("http.server.requests");
        await().atMost(LONG)
                .untilAsserted(() -> assertThat(metrics.find("http.server.requests")
                                .tag("uri", "/api/orders/{id}")
                                .timers())
                        .isNotEmpty());
        assertThat(metrics.getMeters()).noneMatch(LongTaskTimer.class::isInstance);
    }
}

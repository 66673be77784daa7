package dev.meridian.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.gateway.RunningGateway;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.test.annotation.DirtiesContext;

class StreamTests extends RunningGateway {

    /** More than the pool of all other requests holds. */
    private static final int MANY = 300;

    private static final HttpClient STREAMS = HttpClient.newHttpClient();

    private final List<BufferedReader> opened = new ArrayList<>();

    @Autowired
    private StreamEnd end;

    @Autowired
    private RouteLocator routes;

    @AfterEach
    void close() throws IOException {
        for (var stream : opened) {
            stream.close();
        }
    }

    private CompletableFuture<HttpResponse<InputStream>> request(String path) {
        return STREAMS.sendAsync(withToken(path).build(), BodyHandlers.ofInputStream());
    }

    private BufferedReader read(CompletableFuture<HttpResponse<InputStream>> request) throws Exception {
        var answer = request.get(30, TimeUnit.SECONDS);
        assertThat(answer.statusCode()).isEqualTo(200);
        var stream = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
        opened.add(stream);
        return stream;
    }

    private static String data(BufferedReader stream) throws IOException {
        for (var line = stream.readLine(); line != null; line = stream.readLine()) {
            if (line.startsWith("data:")) {
                return line;
            }
        }
        return "the end";
    }

    @Test
    void passesEachEventOnAtOnceAndEndsNoStreamThatIsSilentForLongerThanAnAnswerMayTake() throws Exception {
        var stream = read(request("/api/orders/1/events"));

        assertThat(data(stream)).isEqualTo("data:first");
        assertThat(data(stream)).isEqualTo("data:second");
    }

    @Test
    void streamsTakeNoConnectionFromOtherRequests() throws Exception {
        var requests = new ArrayList<CompletableFuture<HttpResponse<InputStream>>>();
        for (int i = 0; i < MANY; i++) {
            requests.add(request("/trial/streaming/events"));
        }
        for (var request : requests) {
            assertThat(data(read(request))).isEqualTo("data:first");
        }

        assertThat(answer(withToken("/api/orders/1")).body()).startsWith("working");
        assertThat(routes.getRoutes()
                        .any(route -> route.getId().equals("order-events")
                                && Boolean.TRUE.equals(route.getMetadata().get(StreamingRoutes.METADATA)))
                        .toFuture()
                        .get(30, TimeUnit.SECONDS))
                .isTrue();
    }

    @Test
    @DirtiesContext // no stream is served after it
    void streamsEndWhenTheGatewayStops() throws Exception {
        var stream = read(request("/api/orders/1/events"));
        assertThat(data(stream)).isEqualTo("data:first");

        end.endAll();
        CompletableFuture.supplyAsync(() -> rest(stream)).get(30, TimeUnit.SECONDS);
    }

    /** Fails where the stream breaks off instead of ending. */
    private static List<String> rest(BufferedReader stream) {
        return stream.lines().toList();
    }
}

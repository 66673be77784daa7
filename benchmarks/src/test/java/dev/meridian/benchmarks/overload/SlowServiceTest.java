package dev.meridian.benchmarks.overload;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SlowServiceTest {

    @Test
    void worksOnSoManyAtOnceAndOnAllInTheEnd() throws Exception {
        var work = Duration.ofMillis(50);
        try (var service = new SlowService(2, work);
                var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + service.port() + "/"))
                    .build();
            long begin = System.nanoTime();
            var answers = IntStream.range(0, 10)
                    .mapToObj(n -> client.sendAsync(request, BodyHandlers.discarding()))
                    .toList();
            assertThat(answers)
                    .allSatisfy(answer -> assertThat(answer.join().statusCode()).isEqualTo(200));
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThanOrEqualTo(work.multipliedBy(5));
        }
    }
}

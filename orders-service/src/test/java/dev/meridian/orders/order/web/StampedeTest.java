package dev.meridian.orders.order.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.Api;
import dev.meridian.orders.RunningService;
import dev.meridian.orders.Tokens;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalServerPort;

/** Many who read one open order at once, which no cache answers. */
@RunningService
class StampedeTest {

    private static final int READERS = 200;

    @Test
    void allAreAnsweredWithItsNewestVersion(@LocalServerPort int port) throws Exception {
        String customer = "customer-" + UUID.randomUUID();
        String token = Tokens.of(customer);
        String path = new Api(port).place(customer, Api.order("TEA-001", 1)).header("Location");

        var start = new CountDownLatch(1);
        List<Future<Api.Answer>> answers = new ArrayList<>();
        try (var readers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < READERS; i++) {
                answers.add(readers.submit(() -> {
                    start.await();
                    return new Api(port).get(path, token);
                }));
            }
            start.countDown();
        }

        for (Future<Api.Answer> answer : answers) {
            assertThat(answer.get().status()).isEqualTo(200);
            assertThat(answer.get().header("Meridian-Stale")).isEmpty();
        }
    }
}

package dev.meridian.orders.idempotency.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.RunningService;
import dev.meridian.orders.idempotency.KeyedRequest;
import dev.meridian.orders.web.Problem;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

@RunningService
class RepeatableRequestsTest {

    private final RepeatableRequests requests;
    private final KeyedRequest request =
            KeyedRequest.of("caller-" + UUID.randomUUID(), "key", "POST /api/things", new byte[0]);

    RepeatableRequestsTest(@Autowired RepeatableRequests requests) {
        this.requests = requests;
    }

    @Test
    void anUnexpectedFailureIsAnInternalErrorNowAndLater() {
        ResponseEntity<byte[]> first = requests.answer(request, () -> {
            throw new IllegalStateException("a secret");
        });
        ResponseEntity<byte[]> again = requests.answer(request, () -> {
            throw new AssertionError("processed again");
        });

        assertThat(first.getStatusCode()).isEqualTo(HttpStatus.INTERNAL_SERVER_ERROR);
        assertThat(first.getHeaders().getContentType()).isEqualTo(MediaType.APPLICATION_PROBLEM_JSON);
        assertThat(body(first))
                .contains("https://meridian.dev/problems/internal-error")
                .doesNotContain("secret");
        assertThat(first.getHeaders().containsHeader(RepeatableRequests.REPLAYED))
                .isFalse();
        assertThat(again.getHeaders().getFirst(RepeatableRequests.REPLAYED)).isEqualTo("true");
        assertThat(again.getStatusCode()).isEqualTo(first.getStatusCode());
        assertThat(again.getHeaders().getContentType()).isEqualTo(MediaType.APPLICATION_PROBLEM_JSON);
        assertThat(body(again)).isEqualTo(body(first));
    }

    @Test
    void aRefusalIsKeptOnlyWhereItIsTheOutcome() {
        Problem problem = new Problem(HttpStatus.CONFLICT, "too-late", "Too late", "It is over.");

        ResponseEntity<byte[]> forNow = requests.answer(request, () -> requests.refusedForNow(problem));
        ResponseEntity<byte[]> forGood = requests.answer(request, () -> requests.refused(problem));
        ResponseEntity<byte[]> again = requests.answer(request, () -> {
            throw new AssertionError("processed again");
        });

        assertThat(forNow.getStatusCode()).isEqualTo(HttpStatus.CONFLICT);
        assertThat(forGood.getHeaders().containsHeader(RepeatableRequests.REPLAYED))
                .isFalse();
        assertThat(again.getHeaders().getFirst(RepeatableRequests.REPLAYED)).isEqualTo("true");
        assertThat(body(again)).isEqualTo(body(forGood)).contains("https://meridian.dev/problems/too-late");
    }

    private static String body(ResponseEntity<byte[]> answer) {
        byte[] body = answer.getBody();
        return body == null ? "" : new String(body, StandardCharsets.UTF_8);
    }
}

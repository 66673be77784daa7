package dev.meridian.gateway.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.gateway.Issuer;
import dev.meridian.gateway.RunningGateway;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetAddress;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

class LimitsTests extends RunningGateway {

    private static final Duration SOON = Duration.ofSeconds(20);

    @Autowired
    private SharedBuckets buckets;

    @Autowired
    private Limits limits;

    @Autowired
    private MeterRegistry metrics;

    private double refused(String route, String reason) {
        var counter = metrics.find("meridian.gateway.refused")
                .tags("route", route, "reason", reason)
                .counter();
        return counter == null ? 0 : counter.count();
    }

    @Test
    void limitsTheRateOfASubject() {
        double before = refused("orders", "limited");
        var answers = new ArrayList<HttpResponse<String>>();
        await("a refusal").atMost(SOON).until(() -> {
            buckets.take("greedy", limits.burst()).block(SOON);
            answers.add(answer(by("greedy", "/api/orders/1")));
            return answers.getLast().statusCode() == 429;
        });

        var answer = answers.getLast();
        isProblem(answer, 429, "rate-limited");
        assertThat(answer.headers().firstValue("Retry-After")).contains("1");
        assertThat(answer.headers().firstValue("RateLimit-Policy")).contains("\"subject\";q=1000;w=100");
        assertThat(answer.headers().firstValue("RateLimit")).contains("\"subject\";r=0;t=1");
        assertThat(refused("orders", "limited")).isGreaterThan(before);

        assertThat(answer(withToken("/api/orders/1")).statusCode()).isEqualTo(200);
        assertThat(answer(to("/api/products")).statusCode()).as("no subject").isEqualTo(200);
    }

    @Test
    void limitsASubjectWithoutAName() {
        var nameless = ISSUER.token(Issuer.claims().subject(null).build());
        await("a refusal").atMost(SOON).until(() -> {
            buckets.take("", limits.burst()).block(SOON);
            return answer(to("/api/orders/1").header("Authorization", "Bearer " + nameless))
                            .statusCode()
                    == 429;
        });
    }

    @Test
    void limitsTheRateOfAnAddressWithoutATokenWhateverItClaimsToBe() throws Exception {
        try (var elsewhere = HttpClient.newBuilder()
                .localAddress(InetAddress.getByName("127.0.0.2"))
                .build()) {
            var answers = new ArrayList<HttpResponse<String>>();
            await("a refusal").atMost(SOON).until(() -> {
                var sent = IntStream.range(0, limits.concurrency())
                        .mapToObj(i -> to("/api/products").header("X-Forwarded-For", "203.0.113." + i))
                        .map(request -> elsewhere.sendAsync(request.build(), BodyHandlers.ofString()))
                        .toList();
                sent.forEach(answer -> answers.add(answer.join()));
                return answers.getLast().statusCode() == 429;
            });

            assertThat(answers.stream().filter(answer -> answer.statusCode() == 200))
                    .hasSizeGreaterThanOrEqualTo(limits.addressBurst());
            var refused = answers.getLast();
            isProblem(refused, 429, "rate-limited");
            assertThat(refused.headers().firstValue("Retry-After")).contains("1");
            assertThat(refused.headers().map()).doesNotContainKey("ratelimit");
            assertThat(answer(to("/api/products")).statusCode())
                    .as("another address")
                    .isNotEqualTo(429);
            assertThat(elsewhere
                            .send(withToken("/api/products").build(), BodyHandlers.ofString())
                            .statusCode())
                    .as("a subject")
                    .isNotEqualTo(429);
        }
    }

    @Test
    void refusesWhatARouteCannotTakeAtOnce() {
        int limit = limits.concurrency();
        TRIAL.asked.clear();
        var underWay = new ArrayList<CompletableFuture<HttpResponse<String>>>();
        try {
            for (int i = 0; i < limit; i++) {
                underWay.add(later(by("busy", "/trial/busy/wait")));
            }
            await("all to be under way").atMost(SOON).until(() -> TRIAL.countOf("GET /trial/busy/wait") == limit);

            for (int i = 0; i < 2 * limit; i++) {
                var refusal = answer(by("busy", "/trial/busy/1"));
                isProblem(refusal, 503, "service-overloaded");
                assertThat(refusal.headers().firstValue("Retry-After")).contains("1");
            }
            assertThat(TRIAL.countOf("GET /trial/busy/1")).isZero();
            assertThat(refused("busy", "overloaded")).isEqualTo(2 * limit);

            assertThat(answer(by("busy", "/trial/answering/1")).statusCode())
                    .as("another route")
                    .isEqualTo(200);

            for (int i = 0; i <= limit; i++) {
                underWay.add(later(by("busy", "/trial/streaming/wait")));
            }
            await("more streams than that")
                    .atMost(SOON)
                    .until(() -> TRIAL.countOf("GET /trial/streaming/wait") == limit + 1);
        } finally {
            TRIAL.openGate();
        }
        assertThat(underWay)
                .allSatisfy(answer -> assertThat(answer.join().statusCode()).isEqualTo(200));
        await("turns to be given back")
                .atMost(SOON)
                .until(() -> answer(by("busy", "/trial/busy/1")).statusCode() == 200);
    }

    @Test
    void sendsNothingWhereNothingIsAnswered() {
        TRIAL.broken = true;
        try {
            await("the breaker").atMost(SOON).until(() -> {
                int before = TRIAL.asked.size();
                var answer = answer(by("unlucky", "/trial/breaking/1"));
                return answer.statusCode() == 503
                        && answer.headers().firstValue("Retry-After").isPresent()
                        && TRIAL.asked.size() == before;
            });
        } finally {
            TRIAL.broken = false;
        }
        isProblemOrAnswer(answer(by("unlucky", "/trial/breaking/1")));
        assertThat(refused("breaking", "open")).isPositive();

        await("the service to be tried again")
                .atMost(SOON)
                .until(() -> answer(by("unlucky", "/trial/breaking/1")).statusCode() == 200);
        for (int i = 0; i < 10; i++) {
            assertThat(answer(by("unlucky", "/trial/breaking/1")).statusCode()).isEqualTo(200);
        }
    }

    /** Its rest may be over by now. */
    private static void isProblemOrAnswer(HttpResponse<String> answer) {
        if (answer.statusCode() != 200) {
            isProblem(answer, 503, "service-unavailable");
        }
    }

    @Test
    void goesOnSendingWhateverAServiceAnswers() {
        for (var status : new int[] {503, 500, 429, 422, 409, 404, 400}) {
            for (int i = 0; i < limits.breaker().minimum(); i++) {
                assertThat(answer(by("wrong", "/trial/answering/status/" + status))
                                .statusCode())
                        .isEqualTo(status);
            }
        }
        assertThat(answer(by("wrong", "/trial/answering/1")).statusCode()).isEqualTo(200);
        assertThat(refused("answering", "open")).isZero();
    }

    @Test
    void goesOnSendingWhileOneOfTwoInstancesIsDead() {
        double before = refused("orders", "open");
        for (int i = 0; i < 3 * limits.breaker().minimum(); i++) {
            assertThat(answer(by("lucky", "/api/orders/1")).statusCode()).isEqualTo(200);
        }
        assertThat(refused("orders", "open")).isEqualTo(before);
    }

    @Test
    void doesNotMultiplyTheLoadWhereAllInstancesFail() {
        int requests = 500;
        TRIAL.asked.clear();
        long begin = System.nanoTime();
        for (int i = 0; i < requests; i++) {
            assertThat(answer(by("stubborn", "/trial/failing/status/503")).statusCode())
                    .isEqualTo(503);
        }
        long seconds = 1 + Duration.ofNanos(System.nanoTime() - begin).toSeconds();

        var retries = limits.retries();
        long budget = retries.saved() + requests * retries.percent() / 100 + seconds * retries.perSecond();
        assertThat(TRIAL.countOf("GET /trial/failing/status/503") - requests)
                .as("attempts beyond the first")
                .isPositive()
                .isLessThanOrEqualTo(budget);
        assertThat(metrics.get("meridian.gateway.retries")
                        .tags("route", "failing", "result", "over budget")
                        .counter()
                        .count())
                .isPositive();
    }

    @Test
    void refusesHeadersAndAddressesThatAreTooLong() {
        var longLine = raw("GET /api/products?" + "x".repeat(5_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(longLine).startsWith("HTTP/1.1 414 ").contains("https://meridian.dev/problems/address-too-long");
        var longHeader =
                raw("GET /api/products HTTP/1.1\r\nHost: localhost\r\nX-Long: " + "x".repeat(17_000) + "\r\n\r\n");
        assertThat(longHeader)
                .startsWith("HTTP/1.1 431 ")
                .contains("application/problem+json", "https://meridian.dev/problems/headers-too-large");
        var manyHeaders = raw("GET /api/products HTTP/1.1\r\nHost: localhost\r\n"
                + ("X-Many: " + "x".repeat(100) + "\r\n").repeat(200) + "\r\n");
        assertThat(manyHeaders).startsWith("HTTP/1.1 431 ");
        var malformed = raw("GET /api/products HTTP/1.1\r\nHost: localhost\r\nBad header: x\r\n\r\n");
        assertThat(malformed).startsWith("HTTP/1.1 400 ").contains("https://meridian.dev/problems/bad-request");
    }

    @Test
    void passesOnWhatFits() {
        var answer = answer(withToken("/api/orders/1?" + "x".repeat(4_000)).header("X-Long", "y".repeat(14_000)));
        assertThat(answer.body()).contains("y".repeat(14_000));
    }

    @Test
    void doesNotWaitForABodyThatDawdles() {
        for (var key : new String[] {"", "Idempotency-Key: k\r\n"}) {
            WORKING.asked.clear();
            var answer = raw("POST /api/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + TOKEN + "\r\n"
                    + key + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
            assertThat(answer).startsWith("HTTP/1.1 408 ").contains("https://meridian.dev/problems/request-timeout");
            assertThat(WORKING.asked).doesNotContain("POST /api/orders");
        }
    }
}

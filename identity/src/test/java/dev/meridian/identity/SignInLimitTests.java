package dev.meridian.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.servlet.FilterChain;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;

class SignInLimitTests {

    private static final FilterChain RIGHT = (request, response) -> {};
    private static final FilterChain WRONG = (request, response) -> ((MockHttpServletResponse) response).setStatus(401);
    private static final FilterChain RIGHT_IN_THE_FORM =
            (request, response) -> ((MockHttpServletResponse) response).sendRedirect("/oauth2/authorize?continue");
    private static final FilterChain FORM_TOO_OLD =
            (request, response) -> ((MockHttpServletResponse) response).sendRedirect("/login");
    private static final FilterChain WRONG_IN_THE_FORM =
            (request, response) -> ((MockHttpServletResponse) response).sendRedirect("/login?error");

    private final SignInLimit limit = new SignInLimit();

    @Test
    void whoGuessesFromOneAddressIsToldToWaitWhateverTheAccount() throws Exception {
        for (int guess = 0; guess < SignInLimit.WRONG_BY_ADDRESS; guess++) {
            assertThat(client("demo" + guess, "203.0.113.1", WRONG).getStatus()).isEqualTo(401);
        }

        MockHttpServletResponse refused = client("demo", "203.0.113.1", RIGHT);

        assertThat(refused.getStatus()).isEqualTo(429);
        assertThat(Integer.parseInt(String.valueOf(refused.getHeader("Retry-After"))))
                .isBetween(1, 10);
        assertThat(refused.getContentAsString()).contains("Try again in " + refused.getHeader("Retry-After") + " s");
        assertThat(user("alice", "203.0.113.1", RIGHT).getStatus()).isEqualTo(429);
        assertThat(client("demo", "203.0.113.2", RIGHT).getStatus()).isEqualTo(200);
    }

    @Test
    void whoGuessesOneAccountFromManyAddressesIsToldToWaitAndItsOwnerIsNot() throws Exception {
        user("alice", "192.0.2.1", RIGHT_IN_THE_FORM);
        for (int guess = 0; guess < SignInLimit.WRONG_BY_ACCOUNT; guess++) {
            user("alice", "203.0.113." + guess, WRONG_IN_THE_FORM);
        }

        user("alice", "203.0.113.200", FORM_TOO_OLD); // proves nothing
        for (String name : List.of("alice", "Alice", " alice", "alice\t")) {
            assertThat(user(name, "203.0.113.200", RIGHT_IN_THE_FORM).getStatus())
                    .isEqualTo(429);
        }
        assertThat(user("alice", "192.0.2.1", RIGHT_IN_THE_FORM).getStatus()).isEqualTo(302);
        assertThat(user("bob", "203.0.113.200", RIGHT_IN_THE_FORM).getStatus()).isEqualTo(302);
    }

    @Test
    void aClientWithoutASecretIsNotShutOutByGuesses() throws Exception {
        for (int guess = 0; guess < 2 * SignInLimit.WRONG_BY_ACCOUNT; guess++) {
            client("storefront", "secret", "203.0.113." + guess, WRONG);
        }
        assertThat(client("storefront", null, "203.0.113.200", RIGHT).getStatus())
                .isEqualTo(200);
    }

    @Test
    void guessesAtOneTimeCountAsThoseInTurn() throws Exception {
        var dear = new BCryptPasswordEncoder(7);
        var checked = new AtomicInteger();
        FilterChain wrong = (request, response) -> {
            dear.encode("a guess"); // so that the others come meanwhile
            checked.incrementAndGet();
            ((MockHttpServletResponse) response).setStatus(401);
        };
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int guess = 0; guess < 5 * SignInLimit.WRONG_BY_ADDRESS; guess++) {
                threads.submit(() -> client("demo", "203.0.113.1", wrong));
            }
        }
        assertThat(checked).hasValueLessThanOrEqualTo(SignInLimit.WRONG_BY_ADDRESS + 1);
    }

    @Test
    void fewSecretsAreCheckedAtATimeAndTheWaitForATurnEnds() throws Exception {
        var under = new AtomicInteger();
        var release = new CountDownLatch(1);
        FilterChain slow = (request, response) -> {
            under.incrementAndGet();
            try {
                release.await(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        };
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var answers = new ArrayList<Future<Integer>>();
            for (int i = 0; i < SignInLimit.AT_A_TIME + 3; i++) {
                String address = "203.0.113." + i;
                answers.add(threads.submit(
                        (Callable<Integer>) () -> client("demo", address, slow).getStatus()));
            }
            await().until(() -> answers.stream().filter(Future::isDone).count() == 3);
            assertThat(under).hasValue(SignInLimit.AT_A_TIME);
            release.countDown();
            assertThat(answers)
                    .extracting(Future::get)
                    .containsOnly(200, 503)
                    .filteredOn(it -> it == 503)
                    .hasSize(3);
        }
    }

    @Test
    void aNameOfAnyLengthTakesABoundedPlace() throws Exception {
        for (int guess = 0; guess < SignInLimit.WRONG_BY_ACCOUNT; guess++) {
            user("a".repeat(1000 + guess), "203.0.113." + guess, WRONG_IN_THE_FORM);
        }
        assertThat(user("a".repeat(5000), "203.0.113.200", RIGHT_IN_THE_FORM).getStatus())
                .isEqualTo(429);
    }

    private MockHttpServletResponse client(String id, String address, FilterChain chain) throws Exception {
        return client(id, "secret", address, chain);
    }

    private MockHttpServletResponse client(String id, @Nullable String secret, String address, FilterChain chain)
            throws Exception {
        var request = new MockHttpServletRequest("POST", "/oauth2/token");
        request.addParameter("client_id", id);
        if (secret != null) {
            request.addParameter("client_secret", secret);
        }
        return sent(request, address, chain);
    }

    private MockHttpServletResponse user(String name, String address, FilterChain chain) throws Exception {
        var request = new MockHttpServletRequest("POST", "/login");
        request.addParameter("username", name);
        return sent(request, address, chain);
    }

    private MockHttpServletResponse sent(MockHttpServletRequest request, String address, FilterChain chain)
            throws Exception {
        request.setRemoteAddr(address);
        var response = new MockHttpServletResponse();
        limit.doFilter(request, response, chain);
        return response;
    }
}

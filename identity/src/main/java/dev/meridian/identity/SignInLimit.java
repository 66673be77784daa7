package dev.meridian.identity;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.github.bucket4j.Bucket;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.security.autoconfigure.web.servlet.SecurityFilterProperties;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.core.endpoint.OAuth2ParameterNames;
import org.springframework.security.oauth2.server.authorization.web.authentication.ClientSecretBasicAuthenticationConverter;
import org.springframework.security.web.authentication.ui.DefaultLoginPageGeneratingFilter;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;
import org.springframework.security.web.util.matcher.RequestMatcher;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Holds the guessing of passwords and client secrets to a rate. Each wrong one counts for the address that it came from and
 * for the account; once either has had too many, not even the right one is looked at until the time that the answer tells.
 * An address from which the account was signed in to before is held to its own count alone, so a stranger's guesses do not
 * lock the owner out.
 *
 * <p>To check a secret is dear by design (bcrypt), so few are checked at a time, and the others wait for a bounded time.
 */
@Component
@Order(SecurityFilterProperties.DEFAULT_FILTER_ORDER - 1)
class SignInLimit extends OncePerRequestFilter {

    static final int WRONG_BY_ADDRESS = 20;
    static final int WRONG_BY_ACCOUNT = 60;

    /** After so long one more is forgiven. */
    private static final Duration FORGIVEN = Duration.ofSeconds(10);

    /** Half of the processors: the other half goes on checking tokens, whatever is guessed. */
    static final int AT_A_TIME = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);

    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final int REMEMBERED = 10_000;
    private static final int LONGEST_ACCOUNT = 100;

    private static final RequestMatcher TOKENS =
            PathPatternRequestMatcher.pathPattern(HttpMethod.POST, "/oauth2/token");
    private static final RequestMatcher FORM = PathPatternRequestMatcher.pathPattern(
            HttpMethod.POST, DefaultLoginPageGeneratingFilter.DEFAULT_LOGIN_PAGE_URL);

    private record SignIn(String account, String address) {}

    private final LoadingCache<String, Bucket> byAddress = buckets(WRONG_BY_ADDRESS);
    private final LoadingCache<String, Bucket> byAccount = buckets(WRONG_BY_ACCOUNT);
    private final Cache<SignIn, Boolean> right = Caffeine.newBuilder()
            .maximumSize(REMEMBERED)
            .expireAfterAccess(Duration.ofDays(1))
            .build();
    private final Semaphore turns = new Semaphore(AT_A_TIME);
    private final ClientSecretBasicAuthenticationConverter basic = new ClientSecretBasicAuthenticationConverter();

    private static LoadingCache<String, Bucket> buckets(int wrong) {
        return Caffeine.newBuilder()
                .maximumSize(REMEMBERED)
                .expireAfterAccess(FORGIVEN.multipliedBy(wrong)) // full again by then
                .build(key -> Bucket.builder()
                        .addLimit(limit -> limit.capacity(wrong).refillIntervally(1, FORGIVEN))
                        .build());
    }

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
        return !TOKENS.matches(request) && !FORM.matches(request);
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        SignIn signIn = new SignIn(account(request), request.getRemoteAddr());
        List<Bucket> counts = new ArrayList<>(List.of(byAddress.get(signIn.address)));
        if (isFull(counts.getFirst())) { // what it names is not even looked up
            refuse(response, counts.getFirst());
            return;
        }
        if (!signIn.account.isEmpty() && right.getIfPresent(signIn) == null) {
            counts.add(byAccount.get(signIn.account));
        }
        // Counted before, so that many at once are not all looked at; who was right gets it back.
        for (Bucket count : counts) {
            if (!count.tryConsume(1)) {
                refuse(response, count);
                return;
            }
        }
        if (!takeTurn()) {
            counts.forEach(count -> count.addTokens(1));
            refuse(response, HttpStatus.SERVICE_UNAVAILABLE, Duration.ofSeconds(1));
            return;
        }
        try {
            chain.doFilter(request, response);
        } finally {
            turns.release();
        }
        if (!wasWrong(response)) {
            counts.forEach(count -> count.addTokens(1));
        }
        if (!signIn.account.isEmpty() && wasRight(request, response)) {
            right.put(signIn, true);
        }
    }

    /**
     * Whose secret is to be checked, as Spring Security reads the name; empty where none is. Read whole before a turn is
     * taken, so that no slow sender holds one.
     */
    private String account(HttpServletRequest request) {
        String name;
        if (FORM.matches(request)) {
            name = "user "
                    + String.valueOf(request.getParameter("username")).strip().toLowerCase(Locale.ROOT);
        } else {
            String client = request.getParameter(OAuth2ParameterNames.CLIENT_ID);
            String secret = request.getParameter(OAuth2ParameterNames.CLIENT_SECRET);
            try {
                var stated = basic.convert(request);
                name = stated != null ? "client " + stated.getName() : secret != null ? "client " + client : "";
            } catch (OAuth2AuthenticationException malformed) {
                name = "";
            }
        }
        return name.substring(0, Math.min(name.length(), LONGEST_ACCOUNT));
    }

    private static boolean isFull(Bucket count) {
        return !count.estimateAbilityToConsume(1).canBeConsumed();
    }

    private boolean takeTurn() {
        try {
            return turns.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static boolean wasWrong(HttpServletResponse response) {
        return response.getStatus() == HttpStatus.UNAUTHORIZED.value()
                || location(response).endsWith("/login?error");
    }

    /** A token, or a way on from the log-in page. */
    private static boolean wasRight(HttpServletRequest request, HttpServletResponse response) {
        return FORM.matches(request)
                ? response.getStatus() == HttpStatus.FOUND.value()
                        && !location(response).contains("/login")
                : response.getStatus() == HttpStatus.OK.value();
    }

    private static String location(HttpServletResponse response) {
        return String.valueOf(response.getHeader(HttpHeaders.LOCATION));
    }

    private static void refuse(HttpServletResponse response, Bucket full) throws IOException {
        refuse(
                response,
                HttpStatus.TOO_MANY_REQUESTS,
                Duration.ofNanos(full.estimateAbilityToConsume(1).getNanosToWaitForRefill()));
    }

    private static void refuse(HttpServletResponse response, HttpStatus status, Duration wait) throws IOException {
        long seconds = Math.max(1, Math.ceilDiv(wait.toMillis(), 1000));
        response.setStatus(status.value());
        response.setHeader(HttpHeaders.RETRY_AFTER, Long.toString(seconds));
        response.setContentType(MediaType.TEXT_PLAIN_VALUE);
        response.getWriter()
                .write(
                        status == HttpStatus.TOO_MANY_REQUESTS
                                ? "Too many wrong passwords or secrets. Try again in " + seconds + " s."
                                : "Too many are signing in just now. Try again in " + seconds + " s.");
    }
}

package dev.meridian.gateway.limits;

import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SocketOptions.TcpUserTimeoutOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.internal.Exceptions;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * A token bucket for each subject, in the Redis that the gateways of a datacenter share.
 *
 * <p>A request waits for Redis no longer than its time-out, and after a few unanswered questions no request asks for a
 * second. The gateway starts without Redis, and finds it when it comes.
 */
@Component
class SharedBuckets implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(SharedBuckets.class);

    private static final Duration RECONNECT = Duration.ofSeconds(1);

    /** So many attempts fail before that is told. */
    private static final int WITHOUT_NEWS = 10;

    /** A connection whose other end is gone without a word is given up. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    /** So many questions may wait for a Redis that hangs. */
    private static final int WAITING = 1_000;

    /** The bucket fills by Redis' own clock. The answer: tokens taken, milliseconds until there is another. */
    private static final String TAKE = """
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            local rate, burst, wanted = tonumber(ARGV[1]) / 1000, tonumber(ARGV[2]), tonumber(ARGV[3])
            local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
            local at = math.min(now, tonumber(bucket[2]) or now)
            local tokens = math.min(burst, (tonumber(bucket[1]) or burst) + (now - at) * rate)
            local taken = math.min(wanted, math.floor(tokens))
            tokens = tokens - taken
            redis.call('HSET', KEYS[1], 'tokens', tokens, 'at', now)
            redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) / rate) + 1000)
            return {taken, math.max(0, math.ceil((1 - tokens) / rate))}
            """;

    private final Limits limits;
    private final DefaultClientResources threads;
    private final RedisClient client;
    private final CircuitBreaker breaker;
    private final CompletableFuture<@Nullable StatefulRedisConnection<String, String>> connection;

    /**
     * @param tokens how many there were, at most as many as were wanted
     * @param next how long until there is another
     */
    record Taken(int tokens, Duration next) {}

    SharedBuckets(Limits limits, SslBundles certificates) {
        this.limits = limits;
        this.threads = DefaultClientResources.builder()
                .ioThreadPoolSize(2) // the least that there can be
                .computationThreadPoolSize(2)
                .reconnectDelay(Delay.constant(RECONNECT))
                .build();
        this.client = RedisClient.create(threads);
        var bundle = limits.redis().sslBundle();
        boolean secured = !bundle.isEmpty();
        client.setOptions(ClientOptions.builder()
                .sslOptions(secured ? trusting(certificates.getBundle(bundle)) : SslOptions.create())
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .requestQueueSize(WAITING)
                .timeoutOptions(TimeoutOptions.enabled(limits.redis().timeout()))
                .socketOptions(SocketOptions.builder()
                        .connectTimeout(RECONNECT)
                        .tcpUserTimeout(TcpUserTimeoutOptions.builder()
                                .tcpUserTimeout(SILENCE)
                                .enable()
                                .build())
                        .build())
                .build());
        this.breaker = CircuitBreaker.of(
                "redis",
                CircuitBreakerConfig.custom()
                        .slidingWindow(10, 5, CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
                        .failureRateThreshold(50)
                        .waitDurationInOpenState(Duration.ofSeconds(1))
                        .permittedNumberOfCallsInHalfOpenState(1)
                        .writableStackTraceEnabled(false)
                        .build());
        breaker.getEventPublisher().onStateTransition(changed -> {
            switch (changed.getStateTransition()) {
                case CLOSED_TO_OPEN -> log.warn("Redis does not answer; this gateway limits rates by itself");
                case HALF_OPEN_TO_CLOSED -> log.info("Redis answers again");
                default -> {
                    // tried in vain, or about to try
                }
            }
        });
        var address = RedisURI.builder()
                .withHost(limits.redis().host())
                .withPort(limits.redis().port())
                .withAuthentication(limits.redis().user(), limits.redis().password())
                .withSsl(secured)
                .withVerifyPeer(SslVerifyMode.FULL)
                .withTimeout(RECONNECT)
                .build();
        this.connection = Mono.fromCompletionStage(() -> client.connectAsync(StringCodec.UTF8, address))
                .retryWhen(Retry.fixedDelay(Long.MAX_VALUE, RECONNECT).doBeforeRetry(SharedBuckets::tell))
                .toFuture();
    }

    private static SslOptions trusting(SslBundle bundle) {
        return SslOptions.builder()
                .jdkSslProvider()
                .trustManager(bundle.getManagers().getTrustManagerFactory())
                .build();
    }

    /** Once: a Redis that starts at the same time is no news, one that does not come or refuses the password is. */
    private static void tell(Retry.RetrySignal failed) {
        if (failed.totalRetries() == WITHOUT_NEWS) {
            log.warn("No connection to Redis; this gateway limits rates by itself: {}", rootCause(failed.failure()));
        }
    }

    private static Throwable rootCause(Throwable failure) {
        return failure.getCause() == null ? failure : rootCause(failure.getCause());
    }

    /** An error where Redis does not answer in time. */
    Mono<Taken> take(String subject, int wanted) {
        return Mono.defer(() -> {
            var connected = connection.getNow(null);
            if (connected == null || !breaker.tryAcquirePermission()) {
                return Mono.error(CallNotPermittedException.createCallNotPermittedException(breaker));
            }
            long asked = breaker.getCurrentTimestamp();
            return Mono.fromCompletionStage(() -> taken(connected, subject, wanted))
                    .doOnSuccess(answer -> breaker.onSuccess(since(asked), breaker.getTimestampUnit()))
                    .doOnError(error -> breaker.onError(since(asked), breaker.getTimestampUnit(), error))
                    .doOnCancel(breaker::releasePermission);
        });
    }

    private CompletionStage<Taken> taken(
            StatefulRedisConnection<String, String> connected, String subject, int wanted) {
        var redis = connected.async();
        var keys = new String[] {"rate:" + subject};
        var arguments = new String[] {
            Integer.toString(limits.rate()), Integer.toString(limits.burst()), Integer.toString(wanted)
        };
        return redis.<List<Long>>evalsha(redis.digest(TAKE), ScriptOutputType.MULTI, keys, arguments)
                .exceptionallyCompose(error -> Exceptions.unwrap(error) instanceof RedisNoScriptException
                        ? redis.eval(TAKE, ScriptOutputType.MULTI, keys, arguments) // it was started again
                        : CompletableFuture.failedStage(error))
                .thenApply(answer -> new Taken(answer.get(0).intValue(), Duration.ofMillis(answer.get(1))));
    }

    private long since(long asked) {
        return breaker.getCurrentTimestamp() - asked;
    }

    @Override
    public void close() {
        connection.cancel(true);
        client.shutdown(0, 1, TimeUnit.SECONDS);
        threads.shutdown(0, 1, TimeUnit.SECONDS);
    }
}

package dev.meridian.gateway.limits;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.bucket4j.Bucket;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/**
 * Decides whether a subject may ask once more. Redis knows. Where it does not answer, a bucket of this gateway decides,
 * with the same rate: never open, never shut.
 *
 * <p>A subject that asks a lot gets its share of the next {@link #LEASE} from Redis at once, and after a refusal it is
 * refused for that long without a question. So Redis is asked fifty times a second, whatever the rate, and the limit is
 * exact but for the leases of the other gateways.
 */
@Component
class RateLimiter {

    static final Duration LEASE = Duration.ofMillis(20);

    private static final int SUBJECTS = 10_000;
    private static final Duration IDLE = Duration.ofMinutes(1);
    private static final Mono<Decision> GRANTED = Mono.just(Granted.GRANTED);

    sealed interface Decision {}

    enum Granted implements Decision {
        GRANTED
    }

    /** @param after how long until the subject may ask again */
    record Refused(Duration after) implements Decision {}

    private final SharedBuckets shared;
    private final Limits limits;
    private final Counter alone;
    private final int lease;
    private final Cache<String, Allowance> known;

    RateLimiter(SharedBuckets shared, Limits limits, MeterRegistry metrics) {
        this.shared = shared;
        this.limits = limits;
        this.alone = Counter.builder("meridian.gateway.rates.alone")
                .description("Decided without Redis")
                .register(metrics);
        long inOneLease = limits.rate() * LEASE.toMillis() / 1000;
        this.lease = (int) Math.clamp(inOneLease, 1, Math.max(1, limits.burst() / 10));
        this.known = Caffeine.newBuilder()
                .maximumSize(SUBJECTS)
                .expireAfterAccess(IDLE)
                .build();
    }

    /** Takes one request off what the subject may do. */
    Mono<Decision> take(String subject) {
        var allowance = known.get(subject, unknown -> new Allowance());
        if (allowance.spend()) {
            return GRANTED;
        }
        long left = allowance.refusedUntil - System.nanoTime();
        if (left > 0) {
            return Mono.just(new Refused(Duration.ofNanos(left)));
        }
        boolean leasing = allowance.leasing.compareAndSet(false, true);
        var decision = shared.take(subject, leasing ? lease : 1)
                .map(allowance::decide)
                .onErrorResume(outOfReach -> Mono.fromSupplier(allowance::decideAlone));
        return leasing ? decision.doFinally(end -> allowance.leasing.set(false)) : decision;
    }

    private final class Allowance {

        private final AtomicInteger leased = new AtomicInteger();
        private final AtomicBoolean leasing = new AtomicBoolean();
        private final Bucket own = Bucket.builder()
                .addLimit(bucket -> bucket.capacity(limits.burst()).refillGreedy(limits.rate(), Duration.ofSeconds(1)))
                .withNanosecondPrecision()
                .build();
        private volatile long refusedUntil = System.nanoTime();

        boolean spend() {
            return leased.get() > 0 && leased.getAndUpdate(tokens -> Math.max(0, tokens - 1)) > 0;
        }

        Decision decide(SharedBuckets.Taken taken) {
            if (taken.tokens() > 0) {
                leased.addAndGet(taken.tokens() - 1);
                return Granted.GRANTED;
            }
            if (spend()) {
                return Granted.GRANTED; // another request's lease came first
            }
            var wait = taken.next().compareTo(LEASE) > 0 ? taken.next() : LEASE;
            refusedUntil = System.nanoTime() + wait.toNanos();
            return new Refused(wait);
        }

        Decision decideAlone() {
            alone.increment();
            var probe = own.tryConsumeAndReturnRemaining(1);
            return probe.isConsumed()
                    ? Granted.GRANTED
                    : new Refused(Duration.ofNanos(probe.getNanosToWaitForRefill()));
        }
    }
}

package dev.meridian.gateway.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.gateway.OwnRedis;
import dev.meridian.gateway.limits.RateLimiter.Decision;
import dev.meridian.gateway.limits.RateLimiter.Granted;
import dev.meridian.gateway.limits.RateLimiter.Refused;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Against a real Redis, which is killed and held up. */
@ExtendWith(OutputCaptureExtension.class)
class RateLimiterTests {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int BURST = 10;
    private static final OwnRedis REDIS = new OwnRedis();

    private final List<SharedBuckets> open = new ArrayList<>();
    private final String subject = UUID.randomUUID().toString();

    @AfterEach
    void closeAll() {
        open.forEach(SharedBuckets::close);
    }

    @AfterAll
    static void stop() {
        REDIS.kill();
    }

    /** One gateway with what it knows of its subjects. */
    private final class Site {

        private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
        private final RateLimiter limiter;

        Site(OwnRedis redis, int rate, int burst, Duration timeout) {
            this(redis, rate, burst, timeout, "gateway");
        }

        Site(OwnRedis redis, int rate, int burst, Duration timeout, String password) {
            var limits = new Limits(
                    rate,
                    burst,
                    1,
                    1,
                    1,
                    SOON,
                    new Limits.Redis("127.0.0.1", redis.port(), "gateway", password, "", timeout),
                    new Limits.Retries(10, 10, 10),
                    new Limits.Breaker(50, SOON, SOON, 1, SOON, 1));
            var shared = new SharedBuckets(limits, new DefaultSslBundleRegistry());
            open.add(shared);
            limiter = new RateLimiter(shared, limits, metrics);
        }

        /** At one request per second hardly anything comes back while a test runs. */
        Site(OwnRedis redis) {
            this(redis, 1, BURST, Duration.ofSeconds(1));
        }

        Decision take(String subject) {
            return Objects.requireNonNull(limiter.take(subject).block(SOON));
        }

        long granted(String subject, int requests) {
            long granted = 0;
            for (int i = 0; i < requests; i++) {
                granted += take(subject) == Granted.GRANTED ? 1 : 0;
            }
            return granted;
        }

        double alone() {
            return metrics.get("meridian.gateway.rates.alone").counter().count();
        }

        Site connected() {
            await("Redis to decide").atMost(SOON).until(() -> {
                double before = alone();
                take(UUID.randomUUID().toString());
                return alone() == before;
            });
            return this;
        }
    }

    @Test
    void allGatewaysShareOneBucketOfEachSubject() {
        var one = new Site(REDIS).connected();
        var other = new Site(REDIS).connected();

        long begin = System.nanoTime();
        long granted = 0;
        for (int i = 0; i < BURST; i++) {
            granted += one.granted(subject, 1) + other.granted(subject, 1);
        }
        long refilled = 1 + Duration.ofNanos(System.nanoTime() - begin).toSeconds();

        assertThat(granted).isBetween((long) BURST, BURST + refilled);
        assertThat(one.take(subject)).isInstanceOf(Refused.class);
        assertThat(one.take("somebody else " + subject)).isEqualTo(Granted.GRANTED);
        assertThat(one.alone() + other.alone()).as("decisions without Redis").isLessThan(5);
    }

    @Test
    void aLeaseIsSpentBeforeRedisIsAskedAgain() {
        var site = new Site(REDIS, 5_000, 1_000, Duration.ofSeconds(1)).connected();
        site.take(subject);
        REDIS.hang();
        try {
            double before = site.alone();
            assertThat(site.granted(subject, 99)).isEqualTo(99);
            assertThat(site.alone()).isEqualTo(before);
        } finally {
            REDIS.goOn();
        }
    }

    @Test
    void refusedSubjectMayComeAgain() {
        var site = new Site(REDIS, 50, BURST, Duration.ofSeconds(1)).connected();
        await("a refusal").atMost(SOON).until(() -> site.granted(subject, 200) < 200);
        await("the next token").atMost(SOON).until(() -> site.take(subject) == Granted.GRANTED);
    }

    @Test
    void withoutRedisEachGatewayLimitsByItself() {
        var redis = new OwnRedis();
        var site = new Site(redis).connected();
        redis.kill();
        neitherOpenNorShut(site);

        redis.start();
        site.connected(); // though Redis has forgotten the script
        redis.kill();
    }

    @Test
    void aHangingRedisHoldsUpOnlyAFew() {
        var redis = new OwnRedis();
        var site = new Site(redis, 1, BURST, Duration.ofMillis(100)).connected();
        redis.hang();
        long begin = System.nanoTime();
        long granted = site.granted(subject, 200);
        var taken = Duration.ofNanos(System.nanoTime() - begin);

        assertThat(granted).isBetween((long) BURST, BURST + 1 + taken.toSeconds());
        assertThat(taken).as("200 requests, each of which may wait 100 ms").isLessThan(Duration.ofSeconds(10));

        redis.goOn();
        site.connected();
        redis.kill();
    }

    @Test
    void theGatewayStartsBeforeRedis() {
        var redis = OwnRedis.notStarted();
        var site = new Site(redis);
        neitherOpenNorShut(site);

        redis.start();
        site.connected();
        redis.kill();
    }

    private void neitherOpenNorShut(Site site) {
        long begin = System.nanoTime();
        long granted = site.granted(subject, 3 * BURST);
        assertThat(granted)
                .isBetween(
                        (long) BURST,
                        BURST + 1 + Duration.ofNanos(System.nanoTime() - begin).toSeconds());
    }

    @Test
    void aPasswordThatIsRefusedIsTold(CapturedOutput output) {
        var site = new Site(REDIS, 1, BURST, Duration.ofSeconds(1), "guessed");
        await("the news").atMost(SOON).until(() -> output.getOut().contains("WRONGPASS"));
        assertThat(site.granted("me", 2 * BURST)).isLessThanOrEqualTo(BURST + 5L);
        assertThat(site.alone()).isPositive();
    }
}

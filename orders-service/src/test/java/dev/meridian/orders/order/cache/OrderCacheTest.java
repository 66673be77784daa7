package dev.meridian.orders.order.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.orders.RunningService;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;

@RunningService
class OrderCacheTest {

    private final StringRedisTemplate redis;
    private final OrderCache cache;
    private final UUID id = UUID.randomUUID();

    @Autowired
    OrderCacheTest(StringRedisTemplate redis, OrderCache cache) {
        this.redis = redis;
        this.cache = cache;
    }

    private static OrderCache.Entry version(long version) {
        return new OrderCache.Entry(version, "alice", "{\"version\":" + version + "}");
    }

    @Test
    void whatIsPutIsFound() {
        assertThat(cache.find(id)).isEmpty();
        cache.put(id, version(1));
        assertThat(cache.find(id)).contains(version(1));
    }

    @Test
    void itNeverGoesBack() {
        cache.put(id, version(2));
        cache.put(id, version(1));
        assertThat(cache.find(id)).contains(version(2));
        cache.put(id, version(10));
        cache.put(id, version(9));
        assertThat(cache.find(id)).contains(version(10));
    }

    /** Slow readers that store what they loaded long ago, among writers that store what is new, in any order. */
    @Test
    void itNeverGoesBackUnderConcurrentReadersAndWriters() throws Exception {
        long seed = ThreadLocalRandom.current().nextLong();
        List<Long> versions =
                new ArrayList<>(LongStream.rangeClosed(1, 300).boxed().toList());
        Collections.shuffle(versions, new Random(seed));
        List<Long> seen = Collections.synchronizedList(new ArrayList<>());

        try (var threads = Executors.newFixedThreadPool(9)) {
            var watching = threads.submit(() -> {
                while (seen.isEmpty() || seen.getLast() < 300) {
                    cache.find(id).ifPresent(entry -> seen.add(entry.version()));
                }
            });
            versions.forEach(version -> threads.submit(() -> cache.put(id, version(version))));
            watching.get(20, java.util.concurrent.TimeUnit.SECONDS);
        }

        assertThat(seen).as("seed %d", seed).isSorted();
    }

    @Test
    void anEntryEnds() {
        cache.put(id, version(1));
        assertThat(redis.getExpire("order:" + id)).isPositive().isLessThanOrEqualTo(600);

        var shortLived = new OrderCache(redis, new CacheSettings(Duration.ofMillis(50)), new SimpleMeterRegistry());
        shortLived.put(id, version(2));
        await().atMost(Duration.ofSeconds(5)).until(() -> cache.find(id).isEmpty());
    }

    @Test
    void withoutRedisEveryReadIsAMissAndNoneFails() {
        var factory = new LettuceConnectionFactory(
                new RedisStandaloneConfiguration("127.0.0.1", 1),
                LettuceClientConfiguration.builder()
                        .commandTimeout(Duration.ofMillis(100))
                        .build());
        factory.afterPropertiesSet();
        factory.start();
        var metrics = new SimpleMeterRegistry();
        var unreachable =
                new OrderCache(new StringRedisTemplate(factory), new CacheSettings(Duration.ofMinutes(1)), metrics);

        unreachable.offer(id, version(1));

        assertThat(unreachable.find(id)).isEmpty();
        assertThat(metrics.counter("meridian.cache.reads", "result", "failure").count())
                .isEqualTo(1);
        factory.destroy();
    }
}

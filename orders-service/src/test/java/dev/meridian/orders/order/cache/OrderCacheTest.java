package dev.meridian.orders.order.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.BackingServices;
import dev.meridian.orders.CacheAdministrator;
import dev.meridian.orders.RunningService;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;
import tools.jackson.databind.json.JsonMapper;

@RunningService
class OrderCacheTest {

    private final StringRedisTemplate redis;
    private final OrderCache cache;
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final UUID id = UUID.randomUUID();

    /** One that answers for its order whatever a customer's name or an order holds. */
    private final SingleOrder order =
            new SingleOrder(id, "alice \"\n\\", 2, "{\"status\":\"CONFIRMED\",\"name\":\"Größe \\n\"}", true, false);

    @Autowired
    OrderCacheTest(StringRedisTemplate redis) {
        this.redis = redis;
        this.cache = cache(redis, Duration.ofMinutes(1));
    }

    private OrderCache cache(StringRedisTemplate server, Duration timeToLive) {
        metrics.clear();
        return new OrderCache(
                server, new CacheSettings(timeToLive, Duration.ofMinutes(1)), JsonMapper.shared(), metrics);
    }

    private double reads(String result) {
        return metrics.counter("meridian.cache.reads", "result", result).count();
    }

    @Test
    void aFinalOrderIsFoundAsItWasStored() {
        assertThat(cache.find(id)).isEmpty();
        cache.store(order);
        assertThat(cache.find(id)).contains(order);
        assertThat(cache.find(UUID.randomUUID())).isEmpty();
        assertThat(reads("hit")).isEqualTo(1);
        assertThat(reads("miss")).isEqualTo(2);
    }

    @Test
    void anOpenOrderIsRefused() {
        var open = new SingleOrder(id, "alice", 1, "{\"status\":\"PLACED\"}", false, false);
        assertThatThrownBy(() -> cache.store(open)).isInstanceOf(IllegalArgumentException.class);
        assertThat(cache.find(id)).isEmpty();
    }

    @Test
    void anOrderLeavesAfterItsTimeToLive() {
        cache(redis, Duration.ofMillis(50)).store(order);
        await().atMost(Duration.ofSeconds(5)).until(() -> cache.find(id).isEmpty());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "null",
                "{}",
                "{\"customer\":\"alice\"}",
                "[1]",
                "{\"customer\":\"alice\",\"version\":2,\"order\":null}"
            })
    void aValueThatCannotBeReadIsAMiss(String value) {
        redis.opsForValue().set(OrderCache.key(id), value);
        assertThat(cache.find(id)).isEmpty();
        cache.store(order);
        assertThat(cache.find(id)).contains(order);
    }

    @Test
    void aValueOfAnotherTypeIsAMissAndNoFailureOfRedis() {
        CacheAdministrator.template(BackingServices.shared().redisPort())
                .opsForHash()
                .put(OrderCache.key(id), "version", "1");
        assertThat(cache.find(id)).isEmpty();
        assertThat(metrics.get("meridian.cache.breaker.open").gauge().value()).isZero();
        cache.store(order);
        assertThat(cache.find(id)).contains(order);
    }

    @Test
    void withoutRedisEveryReadIsAMissAndOneIsTried() {
        var factory = connections("127.0.0.1", 1);
        OrderCache unreachable = cache(new StringRedisTemplate(factory), Duration.ofMinutes(1));
        findsNothingAndTriesOnce(unreachable);
        factory.destroy();
    }

    @Test
    void aRedisThatHangsCostsOneTimeOut() throws Exception {
        try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            var factory = connections("127.0.0.1", silent.getLocalPort());
            OrderCache hanging = cache(new StringRedisTemplate(factory), Duration.ofMinutes(1));
            long begin = System.nanoTime();
            findsNothingAndTriesOnce(hanging);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
            factory.destroy();
        }
    }

    private static LettuceConnectionFactory connections(String host, int port) {
        var factory = new LettuceConnectionFactory(
                new RedisStandaloneConfiguration(host, port),
                LettuceClientConfiguration.builder()
                        .commandTimeout(Duration.ofMillis(100))
                        .build());
        factory.afterPropertiesSet();
        factory.start();
        return factory;
    }

    private void findsNothingAndTriesOnce(OrderCache broken) {
        for (int i = 0; i < 100; i++) {
            assertThat(broken.find(id)).isEmpty();
            broken.store(order);
        }
        assertThat(reads("failure")).isEqualTo(1);
        assertThat(reads("skipped")).isEqualTo(99);
        assertThat(metrics.get("meridian.cache.breaker.open").gauge().value()).isEqualTo(1);
    }
}

package dev.meridian.orders.order.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.meridian.orders.RunningService;
import dev.meridian.orders.database.Position;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.dao.DataAccessException;
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

    private static OrderCache.Entry placed(long version) {
        return placed(version, null);
    }

    private static OrderCache.Entry placed(long version, @Nullable Position covered) {
        return new OrderCache.Entry(version, "alice", "{\"status\":\"PLACED\"}", false, covered, covered);
    }

    private static OrderCache.Entry settled(long version) {
        return new OrderCache.Entry(version, "alice", "{\"status\":\"CONFIRMED\"}");
    }

    private Optional<OrderCache.Entry> put(OrderCache.Entry entry, @Nullable String lease) {
        return cache.put(List.of(new OrderCache.Offer(id, entry, lease))).getFirst();
    }

    private String lease() {
        return ((OrderCache.Lookup.Miss) cache.find(id)).lease();
    }

    private Optional<OrderCache.Entry> found() {
        return cache.find(id) instanceof OrderCache.Lookup.Hit(OrderCache.Entry entry)
                ? Optional.of(entry)
                : Optional.empty();
    }

    private void evict() {
        redis.delete("order:" + redis.opsForValue().get(OrderCache.EPOCH) + ":" + id);
    }

    @Test
    void whatAReaderStoresIsFoundWholeWithItsPositions() {
        OrderCache.Entry entry = new OrderCache.Entry(
                1, "alice", "{\"status\":\"PLACED\"}", false, new Position(1, 100), new Position(1, 120));
        put(entry, lease());
        assertThat(found()).contains(entry);
    }

    @Test
    void anOlderVersionIsRefusedAndAnsweredWithTheNewer() {
        put(placed(10), lease());
        assertThat(put(placed(9), null)).contains(placed(10));
        assertThat(put(placed(10), null)).isEmpty();
        assertThat(found()).contains(placed(10));

        assertThat(put(placed(11), null)).isEmpty();
        assertThat(found()).contains(placed(11));
    }

    @Test
    void anEmptyPlaceIsFilledByALeaseOrByASettledOrder() {
        put(placed(1), null);
        assertThat(found()).isEmpty();
        put(placed(1), "made-up");
        assertThat(found()).isEmpty();

        put(settled(2), null);
        assertThat(found()).contains(settled(2));
    }

    @Test
    void aSlowReaderDoesNotFillAPlaceThatWasEmptiedMeanwhile() {
        String slow = lease();
        put(placed(2), lease());
        evict();
        put(placed(1), slow);
        assertThat(found()).isEmpty();
    }

    @Test
    void whatIsShownWithoutALeaseEndsTheLeasesOfThoseWhoStillLoad() {
        String slow = lease();
        put(placed(2), null);
        put(placed(1), slow);
        assertThat(found()).isEmpty();
    }

    @Test
    void anEpochThatRedisForgotDoesNotComeBack() {
        redis.delete(OrderCache.EPOCH);
        put(placed(1), lease()); // in an epoch that was named for want of one
        redis.opsForValue().set(OrderCache.EPOCH, UUID.randomUUID().toString()); // as after a failed write
        assertThat(found()).isEmpty();

        redis.delete(OrderCache.EPOCH);
        assertThat(found()).isEmpty();
    }

    @Test
    void aLeaseEndsWithAFlushAndWithItsTime() {
        String before = lease();
        redis.delete(OrderCache.EPOCH);
        put(placed(1), before);
        assertThat(found()).isEmpty();

        var hasty = new OrderCache(
                redis,
                new CacheSettings(Duration.ofMinutes(1), Duration.ofMillis(1), Duration.ofSeconds(1)),
                new SimpleMeterRegistry());
        UUID other = UUID.randomUUID();
        String short1 = ((OrderCache.Lookup.Miss) hasty.find(other)).lease();
        String key = "lease:" + redis.opsForValue().get(OrderCache.EPOCH) + ":" + other;
        await().atMost(Duration.ofSeconds(5)).until(() -> !redis.hasKey(key));
        hasty.put(List.of(new OrderCache.Offer(other, placed(1), short1)));
        assertThat(hasty.find(other)).isInstanceOf(OrderCache.Lookup.Miss.class);
    }

    @Test
    void readersOfOneOrderShareALease() {
        assertThat(lease()).isEqualTo(lease());
    }

    @Test
    void theSameVersionReadLaterCoversMore() {
        put(placed(1, new Position(1, 100)), lease());
        put(placed(1, new Position(1, 50)), null);
        assertThat(found().orElseThrow().covered()).isEqualTo(new Position(1, 100));
        put(placed(1, new Position(1, 200)), null);
        assertThat(found().orElseThrow().covered()).isEqualTo(new Position(1, 200));
        assertThat(found().orElseThrow().shown()).isEqualTo(new Position(1, 100));
    }

    @Test
    void manyOrdersAreOfferedAtOnce() {
        put(placed(3), lease());
        UUID other = UUID.randomUUID();
        UUID third = UUID.randomUUID();

        assertThat(cache.offer(List.of(
                        new OrderCache.Offer(other, settled(2), null),
                        new OrderCache.Offer(id, placed(2), null),
                        new OrderCache.Offer(third, placed(1), null))))
                .containsExactly(Optional.empty(), Optional.of(placed(3)), Optional.empty());
        assertThat(cache.find(other)).isEqualTo(new OrderCache.Lookup.Hit(settled(2)));
        assertThat(cache.offer(List.of())).isEmpty();
    }

    @Test
    void anEntryWillDoForWhomItCovers() {
        Position position = new Position(1, 100);
        assertThat(placed(1, position).answers(null)).isTrue();
        assertThat(placed(1, position).answers(position)).isTrue();
        assertThat(placed(1, position).answers(new Position(1, 101))).isFalse();
        assertThat(placed(1, position).answers(new Position(2, 1))).isFalse();
        assertThat(placed(1).answers(position)).isFalse();
        assertThat(settled(2).answers(new Position(9, 999))).isTrue();
    }

    @Test
    void anEntryEnds() {
        var shortLived = new OrderCache(
                redis,
                new CacheSettings(Duration.ofMillis(50), Duration.ofSeconds(2), Duration.ofSeconds(1)),
                new SimpleMeterRegistry());
        shortLived.put(List.of(new OrderCache.Offer(id, settled(2), null)));
        await().atMost(Duration.ofSeconds(5)).until(() -> found().isEmpty());
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
        var unreachable = new OrderCache(
                new StringRedisTemplate(factory),
                new CacheSettings(Duration.ofMinutes(1), Duration.ofSeconds(2), Duration.ofMillis(100)),
                metrics);

        for (int i = 0; i < 5; i++) {
            assertThat(unreachable.find(id)).isInstanceOf(OrderCache.Lookup.Unknown.class);
        }
        assertThat(unreachable.offer(List.of(new OrderCache.Offer(id, settled(1), null))))
                .containsExactly(Optional.empty());
        assertThatThrownBy(() -> unreachable.put(List.of(new OrderCache.Offer(id, settled(1), null))))
                .isInstanceOf(DataAccessException.class);

        assertThat(metrics.counter("meridian.cache.reads", "result", "failure").count())
                .isEqualTo(3);
        assertThat(metrics.counter("meridian.cache.reads", "result", "skipped").count())
                .isEqualTo(2);
        assertThat(metrics.get("meridian.cache.breaker.open").gauge().value()).isEqualTo(1);
        unreachable.destroy();
        factory.destroy();
    }
}

package dev.meridian.orders.order.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.meridian.orders.RunningService;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.data.redis.core.StringRedisTemplate;

/**
 * Slow readers, late feeds, flushes, evictions and entries that end, in random order, against the real Redis: whoever
 * begins to read after a version was shown is shown no older one. A failure names its seed, which
 * {@code -Dmeridian.seed=...} repeats.
 */
@RunningService
class NeverGoesBackTest {

    private static final int ORDERS = 60;
    private static final int STEPS = 120;
    private static final long LAST_VERSION = 12;

    private final StringRedisTemplate redis;
    private final List<OrderCache> instances;

    NeverGoesBackTest(@Autowired StringRedisTemplate redis) {
        this.redis = redis;
        var settings = new CacheSettings(Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofSeconds(1));
        this.instances = List.of(
                new OrderCache(redis, settings, new SimpleMeterRegistry()),
                new OrderCache(redis, settings, new SimpleMeterRegistry()));
    }

    @Test
    void anAnswerIsNeverOlderThanOneThatWasShownBefore() {
        long seed = Long.getLong("meridian.seed", ThreadLocalRandom.current().nextLong());
        Random random = new Random(seed);
        for (int i = 0; i < ORDERS; i++) {
            new Run(random, seed).go();
        }
    }

    /** The life of one order. */
    private final class Run {

        private final Random random;
        private final String seed;
        private final UUID id = UUID.randomUUID();
        private final List<Reader> readers = new ArrayList<>();
        private final List<String> story = new ArrayList<>();
        private long committed = 1;
        private long delivered = 1;
        private long shown;

        Run(Random random, long seed) {
            this.random = random;
            this.seed = "-Dmeridian.seed=" + seed;
        }

        void go() {
            for (int step = 0; step < STEPS; step++) {
                step();
            }
        }

        private void step() {
            int dice = random.nextInt(100);
            if (dice < 30) {
                begin();
            } else if (dice < 70 && !readers.isEmpty()) {
                readers.get(random.nextInt(readers.size())).goOn();
            } else if (dice < 80) {
                committed = Math.min(LAST_VERSION, committed + 1);
                story.add("commit " + committed);
            } else if (dice < 88 && delivered < committed) {
                deliver(++delivered);
            } else if (dice < 90 && delivered > 1) {
                deliver(1 + random.nextLong(delivered)); // once more
            } else if (dice < 96) {
                lose();
            } else {
                list();
            }
        }

        private OrderCache instance() {
            return instances.get(random.nextInt(instances.size()));
        }

        private OrderCache.Entry entry(long version) {
            boolean settled = version == LAST_VERSION;
            String json = "{\"status\":\"" + (settled ? "CONFIRMED" : "PLACED") + "\"}";
            return new OrderCache.Entry(version, "alice", json, settled, null, null);
        }

        private void show(long version, long atLeast, String how) {
            story.add("show " + version + " " + how);
            assertThat(version).as("%s: %s", seed, story).isGreaterThanOrEqualTo(atLeast);
            shown = Math.max(shown, version);
        }

        private void begin() {
            switch (instance().find(id)) {
                case OrderCache.Lookup.Hit(OrderCache.Entry entry) -> show(entry.version(), shown, "from the cache");
                case OrderCache.Lookup.Miss(String lease) -> {
                    story.add("miss");
                    readers.add(new Reader(instance(), shown, lease));
                }
                case OrderCache.Lookup.Unknown() -> throw new AssertionError("Redis is there: " + seed);
            }
        }

        /** The feed comes late, and old events come again. */
        private void deliver(long version) {
            story.add("deliver " + version);
            instance().put(List.of(new OrderCache.Offer(id, entry(version), null)));
        }

        /** A list shows an order that it did not look for in the cache. */
        private void list() {
            long loaded = committed;
            long version = instance()
                    .put(List.of(new OrderCache.Offer(id, entry(loaded), null)))
                    .getFirst()
                    .map(OrderCache.Entry::version)
                    .orElse(loaded);
            show(version, shown, "in a list");
        }

        private void lose() {
            String epoch = String.valueOf(redis.opsForValue().get(OrderCache.EPOCH));
            switch (random.nextInt(6)) {
                case 0, 1, 2 -> {
                    story.add("the entry goes");
                    redis.delete("order:" + epoch + ":" + id);
                }
                case 3 -> {
                    story.add("the lease goes");
                    redis.delete("lease:" + epoch + ":" + id);
                }
                case 4 -> {
                    story.add("the epoch goes");
                    redis.delete(OrderCache.EPOCH);
                }
                default -> {
                    story.add("all goes");
                    redis.execute((org.springframework.data.redis.connection.RedisConnection connection) -> {
                        connection.serverCommands().flushDb();
                        return true;
                    });
                }
            }
        }

        /** One who found nothing: it loads, and some time later stores and shows. */
        private final class Reader {

            private final OrderCache cache;
            private final long atLeast;
            private final String lease;
            private @Nullable Long loaded;

            Reader(OrderCache cache, long atLeast, String lease) {
                this.cache = cache;
                this.atLeast = atLeast;
                this.lease = lease;
            }

            void goOn() {
                Long version = loaded;
                if (version == null) {
                    loaded = committed;
                    story.add("load " + committed);
                    return;
                }
                readers.remove(this);
                long newest = cache.put(List.of(new OrderCache.Offer(id, entry(version), lease)))
                        .getFirst()
                        .map(OrderCache.Entry::version)
                        .orElse(version);
                show(newest, atLeast, "after loading");
            }
        }
    }
}

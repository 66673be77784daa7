package dev.meridian.orders.order.cache;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;

/**
 * Orders as they are shown, in this datacenter's Redis. It never goes back: an entry is only replaced by one of a
 * higher version. Nothing depends on it: without Redis every read is a miss and every write is forgotten.
 */
@Component
public class OrderCache {

    private static final Logger log = LoggerFactory.getLogger(OrderCache.class);

    /** Compares and sets in one step, so that a slow reader cannot put back what a writer has replaced. */
    private static final RedisScript<Boolean> PUT_IF_NEWER = RedisScript.of("""
            local known = redis.call('HGET', KEYS[1], 'version')
            if known and tonumber(known) >= tonumber(ARGV[1]) then
              return false
            end
            redis.call('HSET', KEYS[1], 'version', ARGV[1], 'customer', ARGV[2], 'json', ARGV[3])
            redis.call('PEXPIRE', KEYS[1], ARGV[4])
            return true
            """, Boolean.class);

    private static final List<Object> FIELDS = List.of("version", "customer", "json");

    private final StringRedisTemplate redis;
    private final CacheSettings settings;
    private final Counter hits;
    private final Counter misses;
    private final Counter failures;
    private final AtomicBoolean failing = new AtomicBoolean();

    OrderCache(StringRedisTemplate redis, CacheSettings settings, MeterRegistry metrics) {
        this.redis = redis;
        this.settings = settings;
        this.hits = reads(metrics, "hit");
        this.misses = reads(metrics, "miss");
        this.failures = reads(metrics, "failure");
    }

    private static Counter reads(MeterRegistry metrics, String result) {
        return Counter.builder("meridian.cache.reads")
                .description("Reads of orders from the cache")
                .tag("result", result)
                .register(metrics);
    }

    /** @param json the order in the words of the API */
    public record Entry(long version, String customer, String json) {}

    /** What the cache knows of the order; nothing where it does not answer in time. */
    public Optional<Entry> find(UUID id) {
        List<Object> fields;
        try {
            fields = redis.opsForHash().multiGet(key(id), FIELDS);
            works();
        } catch (DataAccessException e) {
            fails(e);
            failures.increment();
            return Optional.empty();
        }
        if (fields.get(0) instanceof String version
                && fields.get(1) instanceof String customer
                && fields.get(2) instanceof String json) {
            hits.increment();
            return Optional.of(new Entry(Long.parseLong(version), customer, json));
        }
        misses.increment();
        return Optional.empty();
    }

    /**
     * Stores the entry unless the cache knows this version or a later one.
     *
     * @throws DataAccessException where Redis does not answer in time
     */
    void put(UUID id, Entry entry) {
        redis.execute(
                PUT_IF_NEWER,
                List.of(key(id)),
                Long.toString(entry.version),
                entry.customer,
                entry.json,
                Long.toString(settings.timeToLive().toMillis()));
    }

    /** As {@link #put}, for a reader, who does not care whether it succeeds. */
    public void offer(UUID id, Entry entry) {
        try {
            put(id, entry);
            works();
        } catch (DataAccessException e) {
            fails(e);
        }
    }

    private static String key(UUID id) {
        return "order:" + id;
    }

    private void works() {
        if (failing.get() && failing.compareAndSet(true, false)) {
            log.info("Redis answers again");
        }
    }

    private void fails(DataAccessException e) {
        if (failing.compareAndSet(false, true)) {
            log.warn("Redis does not answer; orders are read from the database: {}", e.getMessage());
        }
    }
}

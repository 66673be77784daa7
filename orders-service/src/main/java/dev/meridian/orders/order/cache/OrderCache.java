package dev.meridian.orders.order.cache;

import dev.meridian.orders.database.Position;
import dev.meridian.orders.order.Order;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Orders as they are shown, in this datacenter's Redis. It never goes back, and nothing depends on it: without Redis
 * every read is a miss and every write is forgotten. The rules, and why each is needed, are in docs/adr/0008-reads.md:
 *
 * <ul>
 *   <li>an entry is only replaced by one of a higher version;
 *   <li>an empty place is filled by a settled order, which is its last version, or by a reader whose lease, taken before
 *       it asked the database, still holds. Whatever else is brought there ends the leases of those who are still
 *       loading, since they may have less;
 *   <li>what an instance could not tell Redis is made up for by a new epoch, in which all that was stored before is
 *       gone, before that instance asks Redis again.
 * </ul>
 */
@Component
public class OrderCache implements DisposableBean {

    private static final Set<String> SETTLED = Stream.of(
                    Order.Status.CONFIRMED, Order.Status.REJECTED, Order.Status.CANCELLED)
            .map(Enum::name)
            .collect(Collectors.toUnmodifiableSet());

    static final String EPOCH = "orders:epoch";

    /** An epoch's name is used once: one that Redis forgot, by a flush or an eviction, does not come back. */
    private static final String EPOCH_LUA = """
            local epoch = redis.call('GET', KEYS[1])
            if not epoch then
              epoch = ARGV[1]
              redis.call('SET', KEYS[1], epoch)
            end
            """;

    /** Answers the entry's fields, or the lease of whoever loads it. Keys follow from the epoch: one Redis, no cluster. */
    @SuppressWarnings("rawtypes")
    private static final RedisScript<List> FIND = RedisScript.of(EPOCH_LUA + """
            local entry = redis.call('HMGET', 'order:' .. epoch .. ':' .. ARGV[2],
              'version', 'customer', 'json', 'covered', 'shown')
            if entry[1] then
              return entry
            end
            local key = 'lease:' .. epoch .. ':' .. ARGV[2]
            local lease = redis.call('GET', key) or ARGV[3]
            redis.call('SET', key, lease, 'PX', ARGV[4])
            return {lease}
            """, List.class);

    /** Answers, for each order that was offered, nothing, or the fields of the newer entry that is there. */
    @SuppressWarnings("rawtypes")
    private static final RedisScript<List> PUT = RedisScript.of(EPOCH_LUA + """
            local newer = {}
            for i = 3, #ARGV, 8 do
              local id, version, customer, json = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
              local settled, covered, shown, lease = ARGV[i + 4], ARGV[i + 5], ARGV[i + 6], ARGV[i + 7]
              local key = 'order:' .. epoch .. ':' .. id
              local known = tonumber(redis.call('HGET', key, 'version') or nil)
              local store = false
              if not known then
                local leased = 'lease:' .. epoch .. ':' .. id
                store = settled == '1' or (lease ~= '' and redis.call('GET', leased) == lease)
                redis.call('DEL', leased)
              else
                store = known < tonumber(version)
              end
              newer[#newer + 1] = {}
              if store then
                redis.call('HSET', key, 'version', version, 'customer', customer, 'json', json,
                  'covered', covered, 'shown', shown)
                redis.call('PEXPIRE', key, ARGV[2])
              elseif known == tonumber(version) then
                if covered > redis.call('HGET', key, 'covered') then
                  redis.call('HSET', key, 'covered', covered)
                end
                if redis.call('HGET', key, 'shown') == '' then
                  redis.call('HSET', key, 'shown', shown)
                end
              elseif known then
                newer[#newer] = redis.call('HMGET', key, 'version', 'customer', 'json', 'covered', 'shown')
              end
            end
            return newer
            """, List.class);

    private final StringRedisTemplate redis;
    private final CacheSettings settings;
    private final Breaker breaker;
    private final Counter hits;
    private final Counter misses;
    private final Counter failures;
    private final Counter skipped;

    OrderCache(StringRedisTemplate redis, CacheSettings settings, MeterRegistry metrics) {
        this.redis = redis;
        this.settings = settings;
        this.hits = reads(metrics, "hit");
        this.misses = reads(metrics, "miss");
        this.failures = reads(metrics, "failure");
        this.skipped = reads(metrics, "skipped");
        Counter epochs = Counter.builder("meridian.cache.epochs")
                .description("How often this instance emptied the cache, since it could not tell it something")
                .register(metrics);
        this.breaker = new Breaker(settings.probe(), this::ping, () -> {
            redis.opsForValue().set(EPOCH, UUID.randomUUID().toString());
            epochs.increment();
        });
        Gauge.builder("meridian.cache.breaker.open", breaker, b -> b.mayRead() ? 0 : 1)
                .description("1 while this instance does not read from its Redis")
                .register(metrics);
    }

    private static Counter reads(MeterRegistry metrics, String result) {
        return Counter.builder("meridian.cache.reads")
                .description("Reads of orders from the cache; skipped while the breaker is open")
                .tag("result", result)
                .register(metrics);
    }

    private void ping() {
        redis.hasKey(EPOCH);
    }

    /**
     * @param json the order in the words of the API
     * @param settled whether this is the order's last version
     * @param covered everything up to here was considered: the version is the order's newest of that moment; null where
     *     that is not known
     * @param shown this version is not younger than this position; null where that is not known
     */
    public record Entry(
            long version,
            String customer,
            String json,
            boolean settled,
            @Nullable Position covered,
            @Nullable Position shown) {

        public Entry {
            if (version < 1) {
                throw new IllegalArgumentException("An order's versions count from 1, so there is no " + version);
            }
        }

        /** An entry that did not come from a read, so that nothing is known of positions. */
        public Entry(long version, String customer, String json) {
            this(version, customer, json, isSettled(json), null, null);
        }

        /** Whether it will do for a caller who has seen that much; null for one who has seen nothing. */
        boolean answers(@Nullable Position required) {
            return settled || required == null || covered != null && covered.includes(required);
        }

        Entry shownAt(Position position) {
            return new Entry(version, customer, json, settled, covered, position);
        }

        /** A status that is not known here may not be the last. */
        private static boolean isSettled(String json) {
            String status = JsonMapper.shared().readTree(json).path("status").asString("");
            return SETTLED.contains(status);
        }
    }

    /** What came of a look into the cache. */
    sealed interface Lookup {

        record Hit(Entry entry) implements Lookup {}

        /** @param lease goes with what is loaded now */
        record Miss(String lease) implements Lookup {}

        /** Redis was not asked, or gave no answer in time. */
        record Unknown() implements Lookup {}
    }

    /** @param lease of the reader who loaded the entry after it was given; null for everybody else */
    record Offer(UUID id, Entry entry, @Nullable String lease) {}

    Lookup find(UUID id) {
        if (!breaker.mayRead()) {
            skipped.increment();
            return new Lookup.Unknown();
        }
        List<?> fields;
        try {
            String name = UUID.randomUUID().toString();
            fields = run(FIND, name, id.toString(), name, millis(settings.lease()));
        } catch (DataAccessException e) {
            breaker.readFailed(e);
            failures.increment();
            return new Lookup.Unknown();
        }
        breaker.readSucceeded();
        if (fields.size() == 1) {
            misses.increment();
            return new Lookup.Miss(String.valueOf(fields.getFirst()));
        }
        hits.increment();
        return new Lookup.Hit(entry(fields));
    }

    /**
     * Tells the cache what is about to be shown. Never fails; what could not be told is made up for later.
     *
     * @return for each offer, the newer entry that is known already and should be shown instead
     */
    List<Optional<Entry>> offer(List<Offer> offers) {
        if (offers.isEmpty()) {
            return List.of();
        }
        if (breaker.mayWrite()) {
            try {
                return put(offers);
            } catch (DataAccessException e) {
                breaker.writeFailed(e);
            }
        }
        return offers.stream().map(any -> Optional.<Entry>empty()).toList();
    }

    /**
     * As {@link #offer}, for one who comes again where it fails.
     *
     * @throws DataAccessException where Redis does not answer in time
     */
    List<Optional<Entry>> put(List<Offer> offers) {
        List<String> arguments = new ArrayList<>(2 + 8 * offers.size());
        arguments.add(UUID.randomUUID().toString());
        arguments.add(millis(settings.timeToLive()));
        for (Offer offer : offers) {
            Entry entry = offer.entry;
            arguments.addAll(List.of(
                    offer.id.toString(),
                    Long.toString(entry.version),
                    entry.customer,
                    entry.json,
                    entry.settled ? "1" : "0",
                    text(entry.covered),
                    text(entry.shown),
                    offer.lease == null ? "" : offer.lease));
        }
        return run(PUT, arguments.toArray(String[]::new)).stream()
                .map(fields -> fields instanceof List<?> newer && !newer.isEmpty()
                        ? Optional.of(entry(newer))
                        : Optional.<Entry>empty())
                .toList();
    }

    @SuppressWarnings("rawtypes")
    private List<?> run(RedisScript<List> script, String... arguments) {
        List<?> answer = redis.execute(script, List.of(EPOCH), (Object[]) arguments);
        return answer == null ? List.of() : answer;
    }

    private static Entry entry(List<?> fields) {
        String json = String.valueOf(fields.get(2));
        return new Entry(
                Long.parseLong(String.valueOf(fields.getFirst())),
                String.valueOf(fields.get(1)),
                json,
                Entry.isSettled(json),
                Position.parse(String.valueOf(fields.get(3))).orElse(null),
                Position.parse(String.valueOf(fields.get(4))).orElse(null));
    }

    private static String text(@Nullable Position position) {
        return position == null ? "" : position.toString();
    }

    private static String millis(Duration duration) {
        return Long.toString(duration.toMillis());
    }

    @Override
    public void destroy() {
        breaker.close();
    }
}

package dev.meridian.orders.order.cache;

import dev.meridian.orders.database.CircuitBreaker;
import io.lettuce.core.RedisCommandExecutionException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Final orders in Redis. They never change again, so what is found is right. Nothing here fails without Redis: a call
 * costs at most its time-out, and the following ones nothing until it answers again.
 */
@Component
class OrderCache {

    private static final Logger log = LoggerFactory.getLogger(OrderCache.class);

    private final StringRedisTemplate redis;
    private final CacheSettings settings;
    private final JsonMapper json;
    private final CircuitBreaker breaker;
    private final Counter hits;
    private final Counter misses;
    private final Counter failures;
    private final Counter skipped;

    OrderCache(StringRedisTemplate redis, CacheSettings settings, JsonMapper json, MeterRegistry metrics) {
        this.redis = redis;
        this.settings = settings;
        this.json = json;
        this.breaker = new CircuitBreaker(settings.pause(), System::nanoTime);
        this.hits = reads(metrics, "hit");
        this.misses = reads(metrics, "miss");
        this.failures = reads(metrics, "failure");
        this.skipped = reads(metrics, "skipped");
        Gauge.builder("meridian.cache.breaker.open", breaker, b -> b.isOpen() ? 1 : 0)
                .description("1 while this instance does not read from its Redis")
                .register(metrics);
    }

    private static Counter reads(MeterRegistry metrics, String result) {
        return Counter.builder("meridian.cache.reads")
                .description("Reads of orders from the cache; skipped while the breaker is open")
                .tag("result", result)
                .register(metrics);
    }

    /** What is stored of a final order. */
    private record Entry(String customer, long version, String order) {

        Entry {
            Objects.requireNonNull(customer);
            Objects.requireNonNull(order);
        }
    }

    static String key(UUID id) {
        return "final-order:" + id;
    }

    Optional<SingleOrder> find(UUID id) {
        if (!breaker.permits()) {
            skipped.increment();
            return Optional.empty();
        }
        Optional<String> value = ask(() -> redis.opsForValue().get(key(id)));
        Optional<SingleOrder> found = value.flatMap(text -> read(id, text));
        (found.isPresent() ? hits : breaker.isOpen() ? failures : misses).increment();
        return found;
    }

    /** Nothing where it was not written by this version of the service, or not whole. */
    private Optional<SingleOrder> read(UUID id, String value) {
        try {
            return Optional.ofNullable(json.readValue(value, Entry.class))
                    .map(entry -> new SingleOrder(id, entry.customer, entry.version, entry.order, true, false));
        } catch (JacksonException e) {
            return Optional.empty();
        }
    }

    /** @throws IllegalArgumentException for an open order */
    void store(SingleOrder order) {
        if (!order.isFinal()) {
            throw new IllegalArgumentException("Order " + order.id() + " is open, so it may change");
        }
        if (breaker.permits()) {
            String value = json.writeValueAsString(new Entry(order.customer(), order.version(), order.json()));
            ask(() -> {
                redis.opsForValue().set(key(order.id()), value, settings.timeToLive());
                return null;
            });
        }
    }

    private <T> Optional<T> ask(Supplier<@Nullable T> command) {
        try {
            Optional<T> answer = Optional.ofNullable(command.get());
            answered();
            return answer;
        } catch (DataAccessException e) {
            if (e.getCause() instanceof RedisCommandExecutionException) {
                answered(); // by an error: the key holds another type, or there is no room
            } else if (breaker.failed()) {
                log.warn("Redis fails; orders are read from the databases: {}", e.getMessage());
            }
            return Optional.empty();
        }
    }

    private void answered() {
        if (breaker.succeeded()) {
            log.info("Redis answers again");
        }
    }
}

package dev.meridian.orders.order.cache;

import dev.meridian.orders.database.CircuitBreaker;
import io.lettuce.core.RedisCommandExecutionException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter.MeterProvider;
import io.micrometer.core.instrument.MeterRegistry;
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
    private final MeterProvider<Counter> reads;

    OrderCache(StringRedisTemplate redis, CacheSettings settings, JsonMapper json, MeterRegistry metrics) {
        this.redis = redis;
        this.settings = settings;
        this.json = json;
        this.breaker = new CircuitBreaker(log, "Redis", settings.pause());
        this.reads = Counter.builder("meridian.cache.reads")
                .description("Reads of orders from the cache; skipped while the breaker is open")
                .withRegistry(metrics);
        Gauge.builder("meridian.cache.breaker.open", breaker, b -> b.isOpen() ? 1 : 0)
                .description("1 while this instance does not read from its Redis")
                .register(metrics);
    }

    static String key(UUID id) {
        return "final-order:" + id;
    }

    Optional<SingleOrder> find(UUID id) {
        if (!breaker.permits()) {
            count("skipped");
            return Optional.empty();
        }
        Optional<SingleOrder> found =
                ask(() -> redis.opsForValue().get(key(id))).flatMap(this::read);
        count(found.isPresent() ? "hit" : breaker.isOpen() ? "failure" : "miss");
        return found;
    }

    private void count(String result) {
        reads.withTag("result", result).increment();
    }

    /** Nothing where it was not written by this version of the service, or not whole. */
    private Optional<SingleOrder> read(String value) {
        try {
            return Optional.ofNullable(json.readValue(value, SingleOrder.class)).filter(SingleOrder::isFinal);
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
            String value = json.writeValueAsString(order);
            ask(() -> {
                redis.opsForValue().set(key(order.id()), value, settings.timeToLive());
                return null;
            });
        }
    }

    private <T> Optional<T> ask(Supplier<@Nullable T> command) {
        try {
            Optional<T> answer = Optional.ofNullable(command.get());
            breaker.succeeded();
            return answer;
        } catch (DataAccessException e) {
            if (e.getCause() instanceof RedisCommandExecutionException) {
                breaker.succeeded(); // it answers by an error: the key holds another type, or there is no room
            } else {
                breaker.failed(e.getMessage());
            }
            return Optional.empty();
        }
    }
}

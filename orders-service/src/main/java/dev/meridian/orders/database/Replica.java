package dev.meridian.orders.database;

import com.zaxxer.hikari.HikariDataSource;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * Reads from the replica. A read that fails there costs at most the pool's and the driver's time-outs, and keeps the
 * following reads away until a check succeeds. See docs/adr/0008-reads.md.
 */
@Component
public class Replica {

    private static final Logger log = LoggerFactory.getLogger(Replica.class);

    /**
     * A replica that has replayed all that it received is up to date as long as it receives; otherwise it is behind by no
     * more than the age of the last commit that it replayed.
     */
    private static final String STATE = """
            SELECT pg_is_in_recovery() AS replica,
                   CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
                             AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
                        ELSE 1000 * extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
                   END::bigint AS millis""";

    private record State(boolean replica, @Nullable Long millis) {}

    private final HikariDataSource pool;
    private final JdbcClient database;
    private final Duration maxLag;
    private final CircuitBreaker breaker;
    private final Counter reads;
    private volatile @Nullable Duration lag;

    Replica(@Qualifier("reader") HikariDataSource pool, ReplicaSettings settings, MeterRegistry metrics) {
        this.pool = pool;
        this.database = JdbcClient.create(pool);
        this.maxLag = settings.maxLag();
        // Longer than the time between two checks, so that a check finds a replica that is back, and no request has to.
        this.breaker =
                new CircuitBreaker(log, "The replica", settings.checkInterval().multipliedBy(3));
        this.reads = DataSources.reads(metrics, "replica");
        Gauge.builder("meridian.replica.lag", this, Replica::lagSeconds)
                .description("By how long the replica is behind, at most; NaN while it does not answer")
                .baseUnit("seconds")
                .register(metrics);
    }

    /** By how long it is behind, at most; nothing while that is not known. */
    Optional<Duration> lag() {
        return Optional.ofNullable(lag);
    }

    private double lagSeconds() {
        return lag().map(known -> known.toNanos() / 1e9).orElse(Double.NaN);
    }

    /**
     * Asks the replica, unless it is far behind or failed a moment ago.
     *
     * @param query one statement
     * @return its answer, which may be old; nothing where the replica is not to be asked, or fails
     */
    public <T> Optional<T> read(Function<JdbcClient, T> query) {
        Duration known = lag;
        return known != null && known.compareTo(maxLag) > 0 ? Optional.empty() : readHoweverOld(query);
    }

    /** As {@link #read}, also where the replica is far behind. */
    public <T> Optional<T> readHoweverOld(Function<JdbcClient, T> query) {
        if (!breaker.permits()) {
            return Optional.empty();
        }
        try {
            T answer = query.apply(database);
            breaker.succeeded();
            reads.increment();
            return Optional.of(answer);
        } catch (DataAccessException e) {
            failed(e.getMessage());
            return Optional.empty();
        }
    }

    /** At a fixed rate, whose runs have threads of their own: one that waits for a time-out holds up no other task. */
    @Scheduled(fixedRateString = "${meridian.replica.check-interval}")
    void check() {
        try {
            State state = database.sql(STATE)
                    .query((row, n) -> new State(row.getBoolean("replica"), row.getObject("millis", Long.class)))
                    .single();
            if (state.replica) {
                Long millis = state.millis;
                lag = millis == null ? null : Duration.ofMillis(Math.max(0, millis));
                breaker.succeeded();
            } else {
                // Promoted while we were connected. The next connections find the server that follows it.
                pool.getHikariPoolMXBean().softEvictConnections();
                failed("It is the primary now");
            }
        } catch (DataAccessException e) {
            failed(e.getMessage());
        }
    }

    private void failed(@Nullable String reason) {
        lag = null;
        breaker.failed(reason);
    }
}

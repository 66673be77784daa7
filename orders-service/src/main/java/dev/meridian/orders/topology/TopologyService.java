package dev.meridian.orders.topology;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.SimplePropertyRowMapper;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Looks at the system when a request asks for it. All parts are looked at together, each for a bounded time; one that
 * does not answer is unknown in the picture and takes nothing away from the others.
 */
@Component
public class TopologyService {

    private static final Logger log = LoggerFactory.getLogger(TopologyService.class);

    private static final int QUERY_SECONDS = 2;

    private final Registry registry;
    private final Backlog backlog;
    private final JdbcClient jdbc;
    private final MeterRegistry metrics;
    private final TopologySettings settings;
    private final String datacenter;
    private final Clock clock;
    private @Nullable Topology newest;
    private long seenAt;

    TopologyService(
            Registry registry,
            Backlog backlog,
            JdbcClient jdbc,
            MeterRegistry metrics,
            TopologySettings settings,
            @Value("${meridian.datacenter}") String datacenter,
            Clock clock) {
        this.registry = registry;
        this.backlog = backlog;
        this.jdbc = jdbc;
        this.metrics = metrics;
        this.settings = settings;
        this.datacenter = datacenter;
        this.clock = clock;
    }

    /** The newest picture. A request that comes while one is made waits for that one. */
    public synchronized Topology topology() {
        Topology known = newest;
        if (known == null || System.nanoTime() - seenAt > settings.cacheTtl().toNanos()) {
            known = look();
            newest = known;
            seenAt = System.nanoTime();
        }
        return known;
    }

    private Topology look() {
        var waiting = part("the queue", () -> backlog.waiting(settings.timeout()));
        var unpublished = part("the outbox", this::unpublished);
        var replication = part("the replication", this::replication);
        return new Topology(
                clock.instant(),
                registry.datacenters(),
                new Topology.Queue(waiting.join(), unpublished.join()),
                replication.join(),
                cache());
    }

    /** Null where the look fails or takes longer. Its thread ends by the time-outs of what it asks. */
    private <T> CompletableFuture<@Nullable T> part(String what, Callable<T> look) {
        var part = new CompletableFuture<@Nullable T>();
        Thread.startVirtualThread(() -> {
            try {
                part.complete(look.call());
            } catch (Exception e) {
                log.debug("Nothing is known of {}", what, e);
                part.complete(null);
            }
        });
        return part.completeOnTimeout(null, settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
    }

    private long unpublished() {
        return jdbc.sql("SELECT count(*) FROM outbox")
                .withQueryTimeout(QUERY_SECONDS)
                .query(Long.class)
                .single();
    }

    /** A role that may not read all statistics sees that there is a replica, and not how far it is. */
    Topology.Replication replication() {
        return new Topology.Replication(jdbc.sql("""
                SELECT coalesce(application_name, 'pid ' || pid) AS name,
                       pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint AS lag_bytes,
                       CASE WHEN replay_lsn IS NOT NULL THEN coalesce(extract(epoch FROM replay_lag), 0) END
                           AS lag_seconds
                FROM pg_stat_replication ORDER BY 1""")
                .withQueryTimeout(QUERY_SECONDS)
                .query(new SimplePropertyRowMapper<>(Topology.Replica.class))
                .list());
    }

    private Topology.Cache cache() {
        double hits = reads("hit");
        double misses = reads("miss");
        double failures = reads("failure");
        double all = hits + misses + failures;
        return new Topology.Cache(datacenter, hits, misses, failures, all == 0 ? null : hits / all);
    }

    private double reads(String result) {
        Counter counter =
                metrics.find("meridian.cache.reads").tag("result", result).counter();
        return counter == null ? 0 : counter.count();
    }
}

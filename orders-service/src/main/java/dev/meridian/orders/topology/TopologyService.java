package dev.meridian.orders.topology;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/**
 * Looks at the system when somebody asks. All parts are looked at together, each for a bounded time; one that does not
 * answer is unknown in the picture and takes nothing away from the others.
 */
@Component
public class TopologyService implements DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(TopologyService.class);

    /** Looks that did not end in time may go on for a while; where so many do, the next ones are not begun. */
    private static final int MOST_LOOKS = 16;

    private final Registry registry;
    private final Backlog backlog;
    private final DatabaseStatus databases;
    private final MeterRegistry metrics;
    private final TopologySettings settings;
    private final String datacenter;
    private final Clock clock;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Semaphore looks = new Semaphore(MOST_LOOKS);
    private @Nullable Topology newest;
    private long seenAt;

    TopologyService(
            Registry registry,
            Backlog backlog,
            DatabaseStatus databases,
            MeterRegistry metrics,
            TopologySettings settings,
            @Value("${meridian.datacenter}") String datacenter,
            Clock clock) {
        this.registry = registry;
        this.backlog = backlog;
        this.databases = databases;
        this.metrics = metrics;
        this.settings = settings;
        this.datacenter = datacenter;
        this.clock = clock;
    }

    /** The newest picture. Whoever asks while one is made waits for that one. */
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
        Duration timeout = settings.timeout();
        var datacenters = begin(() -> registry.datacenters(timeout));
        var waiting = begin(() -> backlog.waiting(timeout));
        var unpublished = begin(databases::unpublished);
        var replication = begin(databases::replication);
        long end = System.nanoTime() + timeout.toNanos();
        return new Topology(
                clock.instant(),
                result("the registry", datacenters, end + timeout.toNanos()), // its instances take their time too
                new Topology.Queue(result("the queue", waiting, end), result("the outbox", unpublished, end)),
                result("the replication", replication, end),
                cache());
    }

    private <T> @Nullable Future<T> begin(Callable<T> look) {
        if (!looks.tryAcquire()) {
            return null;
        }
        return threads.submit(() -> {
            try {
                return look.call();
            } finally {
                looks.release();
            }
        });
    }

    private static <T> @Nullable T result(String what, @Nullable Future<T> look, long end) {
        if (look == null) {
            return null;
        }
        try {
            return look.get(Math.max(1, end - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            look.cancel(true);
        } catch (ExecutionException e) {
            log.debug("Nothing is known of {}: {}", what, String.valueOf(e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return null;
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

    @Override
    public void destroy() {
        threads.shutdownNow();
    }
}

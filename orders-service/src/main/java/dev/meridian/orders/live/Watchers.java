package dev.meridian.orders.live;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Who watches which order in this instance. A change reaches the watchers of its order and nobody else; telling them
 * never waits for any of them.
 */
@Component
public class Watchers implements SmartLifecycle {

    private final LiveSettings settings;
    private final ConcurrentHashMap<UUID, Set<Watch>> byOrder = new ConcurrentHashMap<>();
    private final AtomicInteger open = new AtomicInteger();
    private volatile boolean running;

    Watchers(LiveSettings settings, MeterRegistry metrics) {
        this.settings = settings;
        Gauge.builder("meridian.live.streams", open, AtomicInteger::get)
                .description("Open streams of order events")
                .register(metrics);
    }

    /** Whether there was room for one more. */
    public sealed interface Entry {
        record Admitted(Watch watch) implements Entry {}

        record TooMany() implements Entry {}

        /** This instance is about to go; another one takes over. */
        record Stopping() implements Entry {}
    }

    /**
     * Watches an order from now on. Whoever reads the order's state after this misses nothing: a change that is not in
     * what was read is told.
     */
    public Entry watch(UUID orderId) {
        if (open.incrementAndGet() > settings.maximum()) {
            open.decrementAndGet();
            return new Entry.TooMany();
        }
        var watch = new Watch(orderId, this);
        byOrder.compute(orderId, (id, known) -> {
            Set<Watch> all = known == null ? new HashSet<>(2) : known;
            all.add(watch);
            return all;
        });
        if (!running) { // asked after it has joined, so that either this sees the stop or the stop sees it
            watch.close();
            return new Entry.Stopping();
        }
        return new Entry.Admitted(watch);
    }

    void leave(Watch watch) {
        byOrder.computeIfPresent(watch.orderId(), (id, all) -> {
            if (all.remove(watch)) {
                open.decrementAndGet();
            }
            return all.isEmpty() ? null : all;
        });
    }

    boolean watched(UUID orderId) {
        return byOrder.containsKey(orderId);
    }

    void tell(OrderVersion version) {
        byOrder.computeIfPresent(version.orderId(), (id, all) -> {
            all.forEach(watch -> watch.tell(version));
            return all;
        });
    }

    /** The watched orders that may still change; never more than there may be watchers. */
    List<UUID> unsettled() {
        return byOrder.keySet().stream().filter(this::unsettled).toList();
    }

    private boolean unsettled(UUID orderId) {
        boolean[] found = new boolean[1];
        byOrder.computeIfPresent(orderId, (id, all) -> {
            found[0] = all.stream().anyMatch(watch -> !watch.settled());
            return all;
        });
        return found[0];
    }

    @Override
    public void start() {
        running = true;
    }

    /**
     * Ends every stream. In the phase that stops first: the web server waits for its requests to end, and these would
     * not.
     */
    @Override
    public void stop() {
        running = false;
        byOrder.keySet()
                .forEach(order -> byOrder.computeIfPresent(order, (id, all) -> {
                    all.forEach(Watch::end);
                    return all;
                }));
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}

package dev.meridian.orders.live;

import dev.meridian.orders.order.cache.SingleOrder;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * The open streams of this instance, and the orders whose final state they wait for. An order changes once, so a
 * subscription is told of one order at most; telling it waits for no reader.
 */
@Component
public class Subscriptions {

    /** What comes of asking for a subscription. */
    public sealed interface Opening permits Subscription, Refusal {}

    public enum Refusal implements Opening {
        /** This instance has no place for another stream. */
        INSTANCE_FULL,
        /** The subject has as many streams here as it may have. */
        SUBJECT_FULL
    }

    private final LiveSettings settings;
    private final Semaphore places;
    private final ConcurrentHashMap<String, Integer> perSubject = new ConcurrentHashMap<>();
    private final Set<Subscription> open = ConcurrentHashMap.newKeySet();
    private final ConcurrentHashMap<UUID, Set<Subscription>> awaiting = new ConcurrentHashMap<>();
    private volatile boolean stopping;

    Subscriptions(LiveSettings settings, MeterRegistry metrics) {
        this.settings = settings;
        this.places = new Semaphore(settings.maximum());
        Gauge.builder("meridian.live.streams", open, Set::size)
                .description("Open streams of order events")
                .register(metrics);
    }

    /**
     * Subscribes to an order. Read the order only after this: a final state that the read misses is told. A subscription
     * to an instance that stops has ended already.
     */
    public Opening open(UUID orderId, String subject) {
        if (perSubject.merge(subject, 1, Integer::sum) > settings.maximumPerSubject()) {
            leave(subject);
            return Refusal.SUBJECT_FULL;
        }
        if (!places.tryAcquire()) {
            leave(subject);
            return Refusal.INSTANCE_FULL;
        }
        var subscription = new Subscription(orderId, subject, this);
        open.add(subscription);
        awaiting.compute(orderId, (id, others) -> {
            Set<Subscription> all = others == null ? new HashSet<>(2) : others;
            all.add(subscription);
            return all;
        });
        if (stopping) { // asked after it was added, so that either this sees the stop or the stop sees it
            subscription.end();
        }
        return subscription;
    }

    private void leave(String subject) {
        perSubject.computeIfPresent(subject, (name, streams) -> streams == 1 ? null : streams - 1);
    }

    void remove(Subscription subscription) {
        if (open.remove(subscription)) {
            awaiting.computeIfPresent(subscription.orderId(), (id, all) -> {
                all.remove(subscription);
                return all.isEmpty() ? null : all;
            });
            leave(subscription.subject());
            places.release();
        }
    }

    /** Tells an order's subscriptions that it is final. */
    public void tell(SingleOrder finalOrder) {
        Set<Subscription> all = awaiting.remove(finalOrder.id());
        if (all != null) {
            all.forEach(subscription -> subscription.finalOrder().complete(finalOrder));
        }
    }

    boolean isAwaited(UUID orderId) {
        return awaiting.containsKey(orderId);
    }

    /** The orders whose final state was not told yet; never more than there may be streams. */
    List<UUID> awaited() {
        return List.copyOf(awaiting.keySet());
    }

    /** Comes before anything else stops: the web server waits for its requests to end, and streams would not. */
    @EventListener(ContextClosedEvent.class)
    void endAll() {
        stopping = true;
        open.forEach(Subscription::end);
    }
}

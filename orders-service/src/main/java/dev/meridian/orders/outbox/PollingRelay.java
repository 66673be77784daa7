package dev.meridian.orders.outbox;

import dev.meridian.orders.RetryBackOff;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Publishes what does not leave from memory: cancellations, and what another instance or a failure left behind. At
 * least once, and the events of one order in order. Every instance runs one; they share the work by row locks.
 *
 * <p>One transaction claims a batch, sends it, waits for the broker's acknowledgements and deletes what was
 * acknowledged. Whatever ends the process or its connection before the commit leaves the rows unclaimed for the next.
 * Only the oldest event of an order is ever claimed, so an order has no two events in flight, and its second is not
 * visible as the oldest before the first one's deletion has committed.
 *
 * <p>A session that holds an old snapshot keeps dead rows alive, and a look at the whole table walks over them. So a
 * signalled row is looked for from its id on, and the pause between two looks at everything grows with their length.
 */
@Component
class PollingRelay extends RelayThread {

    private static final Logger log = LoggerFactory.getLogger(PollingRelay.class);

    /** Looks at the whole table take at most this part of the time. */
    private static final int ONE_IN = 20;

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final OutboxTable table;
    private final TransactionTemplate transaction;
    private final EventPublisher publisher;
    private final OutboxSignal signal;
    private final OutboxSettings settings;
    private final RetryBackOff backOff = new RetryBackOff(log, "Publishing the outbox");

    PollingRelay(
            OutboxTable table,
            TransactionTemplate transaction,
            EventPublisher publisher,
            OutboxSignal signal,
            OutboxSettings settings) {
        super("polling-relay");
        this.table = table;
        this.transaction = transaction;
        this.publisher = publisher;
        this.signal = signal;
        this.settings = settings;
    }

    /**
     * Publishes what can be claimed now.
     *
     * @param from the lowest id that is looked at
     * @return how many events were published
     * @throws EventPublisher.EventNotPublished when the broker did not acknowledge all of them; those it did are done
     */
    int relay(long from) {
        int published = 0;
        List<OutboxEvent> batch = relayBatch(from);
        while (batch.size() == settings.batch()) {
            published += batch.size();
            batch = relayBatch(batch.getLast().id() + 1);
        }
        return published + batch.size();
    }

    private List<OutboxEvent> relayBatch(long from) {
        record Claimed(List<OutboxEvent> events, EventPublisher.Published<OutboxEvent> published) {}
        Claimed claimed = transaction.execute(status -> {
            List<OutboxEvent> events = table.claim(from, settings.batch());
            var published = publisher.publish(events, OutboxEvent::message);
            table.delete(published.acknowledged());
            return new Claimed(events, published);
        });
        claimed.published.orThrow(); // after the commit of what was acknowledged
        return claimed.events;
    }

    @Override
    void run() throws InterruptedException {
        long from = OutboxSignal.NONE;
        long everythingAt = System.nanoTime();
        while (true) {
            boolean last = !isRunning();
            boolean everything = System.nanoTime() - everythingAt >= 0;
            try {
                if (everything) {
                    long took = look(0);
                    long pause = Math.clamp(ONE_IN * took, settings.poll().toNanos(), LONGEST_PAUSE.toNanos());
                    everythingAt = System.nanoTime() + pause;
                    from = OutboxSignal.NONE;
                } else if (from != OutboxSignal.NONE) {
                    look(from);
                }
                backOff.succeeded();
            } catch (RuntimeException e) {
                Thread.sleep(backOff.failed(e));
            }
            if (last) {
                return;
            }
            // What was signalled and could not be claimed yet is looked for again until the next look at everything.
            from = Math.min(from, signal.await(settings.poll()));
        }
    }

    /**
     * Looks until nothing is found: the second event of an order can be claimed once its first is gone.
     *
     * @return how long it took to find nothing, in nanoseconds
     */
    private long look(long from) {
        long begun = System.nanoTime();
        while (relay(from) > 0 && isRunning()) {
            begun = System.nanoTime();
        }
        return System.nanoTime() - begun;
    }
}

package dev.meridian.orders.outbox;

import dev.meridian.orders.RetryBackOff;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Publishes the placements of this instance straight from memory, right after their commit, and deletes their rows many
 * at a time. It reads nothing from the table, so dead rows in it cost it nothing. A placement that does not leave this
 * way stays in the table, from where the polling relay publishes it.
 */
@Component
class DirectRelay extends RelayThread {

    private static final Logger log = LoggerFactory.getLogger(DirectRelay.class);

    /** How soon the thread notices that it is to end. */
    private static final Duration IDLE = Duration.ofMillis(200);

    private final OutboxTable table;
    private final EventPublisher publisher;
    private final OutboxSettings settings;
    private final Clock clock;
    private final BlockingQueue<OutboxEvent> waiting;
    private final Counter left;
    private final RetryBackOff backOff = new RetryBackOff(log, "Publishing placements from memory");

    DirectRelay(
            OutboxTable table, EventPublisher publisher, OutboxSettings settings, Clock clock, MeterRegistry metrics) {
        super("direct-relay");
        this.table = table;
        this.publisher = publisher;
        this.settings = settings;
        this.clock = clock;
        this.waiting = new ArrayBlockingQueue<>(settings.capacity());
        this.left = Counter.builder("meridian.outbox.left")
                .description("Placements that were left to the polling relay")
                .register(metrics);
    }

    void offer(OutboxEvent placement) {
        if (!waiting.offer(placement)) {
            left.increment();
        }
    }

    @Override
    void run() throws InterruptedException {
        List<OutboxEvent> batch = new ArrayList<>();
        long begun = System.nanoTime() - settings.gather().toNanos();
        while (isRunning() || !waiting.isEmpty()) {
            OutboxEvent first = waiting.poll(IDLE.toMillis(), TimeUnit.MILLISECONDS);
            if (first == null) {
                continue;
            }
            TimeUnit.NANOSECONDS.sleep(begun + settings.gather().toNanos() - System.nanoTime());
            begun = System.nanoTime();
            batch.add(first);
            waiting.drainTo(batch, settings.batch() - 1);
            try {
                publish(batch);
            } catch (RuntimeException e) {
                Duration pause = backOff.failed(e);
                if (!isRunning()) {
                    return; // what still waits is in the table
                }
                Thread.sleep(pause);
            }
            batch.clear();
        }
    }

    private void publish(List<OutboxEvent> batch) {
        // The polling relay has taken those over that waited here for too long, as after a failure of Kafka.
        Instant young = clock.instant().minus(OutboxEvent.YOUNG);
        List<OutboxEvent> ours =
                batch.stream().filter(event -> event.createdAt().isAfter(young)).toList();
        var published = publisher.publish(ours, OutboxEvent::message);
        left.increment(batch.size() - published.acknowledged().size());
        table.delete(published.acknowledged());
        published.orThrow();
        if (!ours.isEmpty()) {
            backOff.succeeded();
        }
    }
}

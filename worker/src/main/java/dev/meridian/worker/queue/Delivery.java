package dev.meridian.worker.queue;

import static java.util.stream.Collectors.groupingBy;

import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Handles records from the queue and from the retry table until each is done with: handled, or a dead letter. */
@Component
class Delivery {

    private static final Logger log = LoggerFactory.getLogger(Delivery.class);

    // Above the time that a batch may take, publishing included.
    private static final Duration LEASE = Duration.ofSeconds(30);

    private final EventDispatch dispatch;
    private final RetryTable retries;
    private final EventPublisher publisher;
    private final QueueSettings settings;
    private final MeterRegistry meters;
    private final Clock clock;
    private final AtomicLong waiting;

    Delivery(
            EventDispatch dispatch,
            RetryTable retries,
            EventPublisher publisher,
            QueueSettings settings,
            MeterRegistry meters,
            Clock clock) {
        this.dispatch = dispatch;
        this.retries = retries;
        this.publisher = publisher;
        this.settings = settings;
        this.meters = meters;
        this.clock = clock;
        this.waiting = Objects.requireNonNull(meters.gauge("meridian.queue.retries.waiting", new AtomicLong()));
    }

    /**
     * Returns when the broker may forget the records: each is handled, or kept in the retry table, or a dead letter.
     *
     * @param deadline of {@link System#nanoTime()}
     * @throws RuntimeException when that is not certain: all are to be delivered again
     */
    void deliver(List<ConsumerRecord<String, byte[]>> records, long deadline) {
        attempt(records.stream().map(QueuedRecord::of).toList(), deadline);
    }

    /**
     * Sends records to the end of the queue, where their deliveries are counted anew. The broker drops a record without
     * a word when they are used up, by workers that were killed or by a database that came and went.
     *
     * @throws DependencyUnavailable when it is not certain that they are there
     */
    void requeue(List<ConsumerRecord<String, byte[]>> records) {
        log.warn("Sending {} records to the end of the queue: their deliveries are nearly used up", records.size());
        publisher.send(records.stream()
                .map(it -> new ProducerRecord<>(it.topic(), null, it.key(), it.value(), it.headers()))
                .toList());
        count("requeued", records.size());
    }

    /**
     * Tries a batch of due events again.
     *
     * @return whether more may be due
     * @throws RuntimeException when the database or the broker is away: what was claimed is due again after its lease
     */
    boolean retry() {
        List<QueuedRecord> due = retries.claim(settings.batchSize(), LEASE);
        long deadline = System.nanoTime() + settings.handlingTimeout().toNanos();
        due.stream().collect(groupingBy(QueuedRecord::topic)).values().forEach(records -> attempt(records, deadline));
        waiting.set(retries.waiting());
        return due.size() == settings.batchSize();
    }

    private void attempt(List<QueuedRecord> records, long deadline) {
        List<Failure> kept = new ArrayList<>();
        List<Failure> givenUp = new ArrayList<>();
        for (Failure failure : dispatch.dispatch(records, deadline)) {
            boolean last = failure.orderId() == null || failure.count() >= settings.failures();
            (last ? givenUp : kept).add(failure);
        }
        kept.forEach(
                it -> log.warn("Failure {} of {}: {}", it.count(), it.record().position(), it.reason()));
        retries.keep(kept);
        if (!givenUp.isEmpty()) {
            publisher.publish(givenUp.stream()
                    .map(failure -> DeadLetter.of(failure, clock.instant()))
                    .toList());
            givenUp.forEach(it ->
                    log.error("Gave up {} after {} failures: {}", it.record().position(), it.count(), it.reason()));
        }
        // The rows go last: a worker that ends before publishes a dead letter twice rather than never.
        List<QueuedRecord> left = kept.stream().map(Failure::record).toList();
        retries.remove(records.stream()
                .filter(record -> record.failures() > 0 && !left.contains(record))
                .toList());
        count("retry", kept.size());
        count("dead_letter", givenUp.size());
        count("done", records.size() - kept.size() - givenUp.size());
    }

    private void count(String answer, int records) {
        meters.counter("meridian.queue.deliveries", "answer", answer).increment(records);
    }
}

package dev.meridian.worker.queue;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One member of the share group, on a thread of its own. It takes some records, has them worked on side by
 * side, answers the broker for each, and only then takes more. While work lasts, it renews the locks.
 */
class QueueConsumer implements Runnable {

    private static final Logger log = LoggerFactory.getLogger(QueueConsumer.class);

    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(1);

    // Renewed when a third of it is over, so that one renewal may fail.
    private static final int RENEWALS_PER_LOCK = 3;
    private static final int DEFAULT_LOCK_MILLIS = 30_000;

    private final Supplier<ShareConsumer<String, byte[]>> consumers;
    private final Collection<String> topics;
    private final Function<ConsumerRecord<String, byte[]>, AcknowledgeType> work;
    private final Executor workers;

    private final Map<Position, CompletableFuture<AcknowledgeType>> inHand = new HashMap<>();
    private volatile boolean stopped;
    private volatile @Nullable ShareConsumer<String, byte[]> current;

    /**
     * @param consumers makes a consumer of the group with explicit acknowledgement; asked again after a failure
     * @param work handles a record on a thread of {@code workers}; must not throw
     */
    QueueConsumer(
            Supplier<ShareConsumer<String, byte[]>> consumers,
            Collection<String> topics,
            Function<ConsumerRecord<String, byte[]>, AcknowledgeType> work,
            Executor workers) {
        this.consumers = consumers;
        this.topics = topics;
        this.work = work;
        this.workers = workers;
    }

    /** Takes nothing more; {@link #run} returns when what is in hand is done and answered. */
    void stop() {
        stopped = true;
        ShareConsumer<String, byte[]> consumer = current;
        if (consumer != null) {
            consumer.wakeup();
        }
    }

    @Override
    public void run() {
        while (!stopped) {
            // Closing sends the answers that are left and releases what has none.
            try (ShareConsumer<String, byte[]> consumer = consumers.get()) {
                current = consumer;
                consumer.subscribe(topics);
                while (!stopped) {
                    answer(consumer, consumer.poll(POLL));
                }
            } catch (WakeupException | InterruptException e) {
                log.debug("Woken up to stop", e);
            } catch (RuntimeException e) {
                log.error("A queue consumer failed and starts anew: {}", e.toString());
                pause();
            } finally {
                current = null;
            }
        }
    }

    private void answer(ShareConsumer<String, byte[]> consumer, ConsumerRecords<String, byte[]> records) {
        if (records.isEmpty()) {
            return;
        }
        Map<Position, CompletableFuture<AcknowledgeType>> before = Map.copyOf(inHand);
        inHand.clear();
        // A renewed record comes back with the next poll, while its work goes on. What does not come back was
        // lost to another consumer, or is on its way: its work ends in the void or is taken up again below.
        for (ConsumerRecord<String, byte[]> record : records) {
            Position position = Position.of(record);
            CompletableFuture<AcknowledgeType> known = before.get(position);
            inHand.put(
                    position, known != null ? known : CompletableFuture.supplyAsync(() -> work.apply(record), workers));
        }
        Duration renewAfter = renewAfter(consumer);
        long renewAt = System.nanoTime() + renewAfter.toNanos();
        for (ConsumerRecord<String, byte[]> record : records) {
            Position position = Position.of(record);
            AcknowledgeType answer = await(inHand.get(position), renewAt);
            consumer.acknowledge(record, answer);
            if (answer != AcknowledgeType.RENEW) {
                inHand.remove(position);
            }
        }
        // The answers travel with the next poll, or with close. Renewals must not: while one is on its way, a poll
        // fetches records that it hands out only when this work is done, and their locks run out meanwhile.
        if (!inHand.isEmpty()) {
            consumer.commitSync(renewAfter);
        }
    }

    private static AcknowledgeType await(@Nullable CompletableFuture<AcknowledgeType> work, long deadline) {
        if (work == null) {
            return AcknowledgeType.RELEASE;
        }
        try {
            return work.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            return AcknowledgeType.RENEW;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return AcknowledgeType.RELEASE;
        } catch (ExecutionException e) {
            log.error("Work on a record failed", e);
            return AcknowledgeType.RELEASE;
        }
    }

    private static Duration renewAfter(ShareConsumer<?, ?> consumer) {
        return Duration.ofMillis(consumer.acquisitionLockTimeoutMs().orElse(DEFAULT_LOCK_MILLIS) / RENEWALS_PER_LOCK);
    }

    private void pause() {
        try {
            Thread.sleep(PAUSE_AFTER_FAILURE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stopped = true;
        }
    }

    private record Position(String topic, int partition, long offset) {

        static Position of(ConsumerRecord<?, ?> record) {
            return new Position(record.topic(), record.partition(), record.offset());
        }
    }
}

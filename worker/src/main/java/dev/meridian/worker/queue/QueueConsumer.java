package dev.meridian.worker.queue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * The share group's member for one topic, on a thread of its own. It polls, has all records handled batch by batch,
 * answers the broker for each, and polls again. While the database is away it does not poll, so that no deliveries are
 * used up.
 */
class QueueConsumer implements Runnable {

    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration ANSWERS_SENT = Duration.ofSeconds(2);

    private final String topic;
    private final Supplier<ShareConsumer<String, byte[]>> consumers;
    private final Delivery delivery;
    private final BooleanSupplier databaseIsWritable;
    private final QueueSettings settings;
    private final ExponentialBackoff backoff;

    private volatile boolean stopped;
    private volatile @Nullable ShareConsumer<String, byte[]> current;

    /** @param consumers makes a consumer of the group with explicit acknowledgement; asked again after a failure */
    QueueConsumer(
            String topic,
            Supplier<ShareConsumer<String, byte[]>> consumers,
            Delivery delivery,
            BooleanSupplier databaseIsWritable,
            QueueSettings settings,
            ExponentialBackoff backoff) {
        this.topic = topic;
        this.consumers = consumers;
        this.delivery = delivery;
        this.databaseIsWritable = databaseIsWritable;
        this.settings = settings;
        this.backoff = backoff;
    }

    /** Takes nothing more; {@link #run} returns when the batch in hand is done and answered, and the rest released. */
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
                consumer.subscribe(List.of(topic));
                while (!stopped) {
                    take(consumer);
                }
            } catch (WakeupException | InterruptException e) {
                // stop() says so.
            } catch (RuntimeException | Error e) {
                backoff.failed(e);
            } finally {
                current = null;
            }
        }
    }

    private void take(ShareConsumer<String, byte[]> consumer) {
        List<ConsumerRecord<String, byte[]>> records = new ArrayList<>();
        List<ConsumerRecord<String, byte[]>> nearlyUsedUp = new ArrayList<>();
        for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
            boolean young = record.deliveryCount().orElse((short) 1) < settings.requeueAtDelivery();
            (young ? records : nearlyUsedUp).add(record);
        }
        if (records.isEmpty() && nearlyUsedUp.isEmpty()) {
            return;
        }
        long deadline = System.nanoTime() + settings.handlingTimeout().toNanos();
        RuntimeException failure =
                nearlyUsedUp.isEmpty() ? null : answer(consumer, nearlyUsedUp, () -> delivery.requeue(nearlyUsedUp));
        // The broker hands out whole batches of the producer, however many a poll asks for.
        for (int from = 0; from < records.size(); from += settings.batchSize()) {
            List<ConsumerRecord<String, byte[]>> batch =
                    records.subList(from, Math.min(records.size(), from + settings.batchSize()));
            if (failure == null && !stopped && System.nanoTime() - deadline < 0) {
                failure = answer(consumer, batch, () -> delivery.deliver(batch, deadline));
            } else {
                release(consumer, batch);
            }
        }
        if (failure == null) {
            // The answers travel with the next poll, or with close.
            backoff.succeeded();
            if (records.size() < settings.batchSize()) {
                backoff.sleep(settings.gatherFor().toMillis());
            }
        } else {
            consumer.commitSync(ANSWERS_SENT);
            awaitDatabase(failure);
        }
    }

    private @Nullable RuntimeException answer(
            ShareConsumer<String, byte[]> consumer, List<ConsumerRecord<String, byte[]>> records, Runnable work) {
        try {
            work.run();
            records.forEach(record -> consumer.acknowledge(record, AcknowledgeType.ACCEPT));
            return null;
        } catch (RuntimeException e) {
            release(consumer, records);
            return e;
        }
    }

    private void release(ShareConsumer<String, byte[]> consumer, List<ConsumerRecord<String, byte[]>> records) {
        records.forEach(record -> consumer.acknowledge(record, AcknowledgeType.RELEASE));
        delivery.count("released", records.size());
    }

    private void awaitDatabase(RuntimeException failure) {
        do {
            backoff.failed(failure);
        } while (!stopped && !databaseIsWritable.getAsBoolean());
    }
}

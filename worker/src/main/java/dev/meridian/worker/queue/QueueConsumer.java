package dev.meridian.worker.queue;

import static java.util.stream.Collectors.partitioningBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Gatherers;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.ShareConsumer;

/**
 * The share group's member for one topic. It polls, has all records handled batch by batch, answers the broker for
 * each, and polls again. While the database is away it does not poll, so that no deliveries are used up.
 */
class QueueConsumer {

    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration ANSWERS_SENT = Duration.ofSeconds(2);

    // The broker drops a record at its 26th delivery.
    private static final int REQUEUED_DELIVERY = 20;

    private final String topic;
    private final Supplier<ShareConsumer<String, byte[]>> consumers;
    private final Delivery delivery;
    private final BooleanSupplier databaseIsWritable;
    private final QueueSettings settings;

    /** @param consumers makes a consumer of the group with explicit acknowledgement; asked again after a failure */
    QueueConsumer(
            String topic,
            Supplier<ShareConsumer<String, byte[]>> consumers,
            Delivery delivery,
            BooleanSupplier databaseIsWritable,
            QueueSettings settings) {
        this.topic = topic;
        this.consumers = consumers;
        this.delivery = delivery;
        this.databaseIsWritable = databaseIsWritable;
        this.settings = settings;
    }

    /** Returns at the loop's end, when the batch in hand is done and answered, and the rest released. */
    void run(Loop loop) {
        loop.repeat(() -> {
            // Closing sends the answers that are left and releases what has none.
            try (ShareConsumer<String, byte[]> consumer = consumers.get()) {
                consumer.subscribe(List.of(topic));
                while (!loop.isStopping()) {
                    ConsumerRecords<String, byte[]> records = consumer.poll(POLL);
                    if (!records.isEmpty()) {
                        handle(records, consumer, loop);
                    }
                }
            }
        });
    }

    private void handle(ConsumerRecords<String, byte[]> records, ShareConsumer<String, byte[]> consumer, Loop loop) {
        // The broker hands out whole batches of the producer, however many a poll asks for.
        Deque<List<ConsumerRecord<String, byte[]>>> left = new ArrayDeque<>();
        StreamSupport.stream(records.spliterator(), false)
                .collect(partitioningBy(QueueConsumer::isNearlyUsedUp))
                .values()
                .forEach(alike -> alike.stream()
                        .gather(Gatherers.windowFixed(settings.batchSize()))
                        .forEach(left::add));
        long deadline = System.nanoTime() + settings.handlingTimeout().toNanos();
        RuntimeException failure = null;
        try {
            while (!left.isEmpty() && !loop.isStopping() && System.nanoTime() - deadline < 0) {
                List<ConsumerRecord<String, byte[]>> batch = left.element();
                if (isNearlyUsedUp(batch.getFirst())) {
                    delivery.requeue(batch);
                } else {
                    delivery.deliver(batch, deadline);
                }
                left.remove().forEach(consumer::acknowledge);
            }
        } catch (RuntimeException e) {
            failure = e;
        }
        left.forEach(batch -> batch.forEach(record -> consumer.acknowledge(record, AcknowledgeType.RELEASE)));
        if (failure == null) {
            // The answers travel with the next poll, or with close.
            loop.succeeded();
            if (records.count() < settings.batchSize()) {
                loop.pause(settings.gatherFor());
            }
        } else {
            consumer.commitSync(ANSWERS_SENT);
            do {
                loop.failed(failure);
            } while (!loop.isStopping() && !databaseIsWritable.getAsBoolean());
        }
    }

    private static boolean isNearlyUsedUp(ConsumerRecord<String, byte[]> record) {
        return record.deliveryCount().orElse((short) 1) >= REQUEUED_DELIVERY;
    }
}

package dev.meridian.worker.queue;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.kafka.autoconfigure.KafkaProperties;
import org.springframework.context.SmartLifecycle;
import org.springframework.kafka.core.DefaultShareConsumerFactory;
import org.springframework.stereotype.Component;

/** The loops of this process: checks the queue's set-up, starts them, and ends them in good order. */
@Component
class Queue implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Queue.class);

    // The records of a poll are held in memory together.
    private static final int LARGEST_FETCH_BYTES = 8 * 1024 * 1024;

    private final QueueSettings settings;
    private final KafkaProperties kafka;
    private final Delivery delivery;
    private final RetryTable retries;
    private final MeterRegistry meters;
    private final List<String> topics;

    private final CountDownLatch stopping = new CountDownLatch(1);
    private final List<QueueConsumer> consumers = new ArrayList<>();
    private final List<ExponentialBackoff> backoffs = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean running;

    Queue(
            QueueSettings settings,
            KafkaProperties kafka,
            Delivery delivery,
            RetryTable retries,
            MeterRegistry meters,
            List<EventBatchHandler<?>> handlers) {
        this.settings = settings;
        this.kafka = kafka;
        this.delivery = delivery;
        this.retries = retries;
        this.meters = meters;
        this.topics = handlers.stream().map(EventBatchHandler::topic).distinct().toList();
    }

    @Override
    public void start() {
        check();
        for (String topic : topics) {
            var consumer = new QueueConsumer(
                    topic,
                    () -> shareConsumer(topic),
                    delivery,
                    retries::isWritable,
                    settings,
                    backoff("Taking from " + topic, topic));
            consumers.add(consumer);
            threads.add(Thread.ofPlatform().name("queue-" + topic).start(consumer));
        }
        ExponentialBackoff backoff = backoff("Retrying", "retry");
        threads.add(Thread.ofPlatform().name("queue-retry").start(() -> retry(backoff)));
        running = true;
        log.info("Taking from {} as share group {}", topics, settings.group());
    }

    private ExponentialBackoff backoff(String loop, String name) {
        var backoff = new ExponentialBackoff(loop, settings.outageDelay(), stopping);
        backoffs.add(backoff);
        Gauge.builder("meridian.queue.backing.off", backoff, it -> it.isFailing() ? 1 : 0)
                .tag("loop", name)
                .register(meters);
        return backoff;
    }

    private void retry(ExponentialBackoff backoff) {
        while (stopping.getCount() > 0 && !Thread.currentThread().isInterrupted()) {
            try {
                boolean more = delivery.retry();
                backoff.succeeded();
                if (!more) {
                    backoff.sleep(settings.retryInterval().toMillis());
                }
            } catch (RuntimeException | Error e) {
                backoff.failed(e);
            }
        }
    }

    @Override
    public void stop() {
        stopping.countDown();
        consumers.forEach(QueueConsumer::stop);
        long deadline = System.nanoTime() + settings.stopTimeout().toNanos();
        try {
            for (Thread thread : threads) {
                if (!thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())))) {
                    // Interrupted, it gives back what it could not finish.
                    thread.interrupt();
                }
            }
            for (Thread thread : threads) {
                boolean ignored = thread.join(Duration.ofSeconds(1));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        running = false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    private void check() {
        Map<String, Object> properties = kafka.buildAdminProperties();
        properties.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int)
                settings.startTimeout().toMillis());
        try (Admin admin = Admin.create(properties)) {
            List<String> needed =
                    Stream.concat(topics.stream(), Stream.of(DeadLetters.TOPIC)).toList();
            new QueueCheck(admin, settings.group(), needed).run();
        } catch (ExecutionException e) {
            throw new QueueMisconfigured("its settings cannot be read: " + e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new QueueMisconfigured("interrupted while its settings were read");
        }
    }

    private ShareConsumer<String, byte[]> shareConsumer(String topic) {
        // Of the configured consumer only what a share consumer knows: the connection, and its own few settings.
        var properties = new HashMap<String, Object>(kafka.buildConsumerProperties());
        properties
                .keySet()
                .removeAll(List.of(
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                        ConsumerConfig.ISOLATION_LEVEL_CONFIG));
        properties.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
        // Whole batches of the producer, as they lie in the log: splitting them costs the broker far more.
        properties.put(ConsumerConfig.SHARE_ACQUIRE_MODE_CONFIG, "batch_optimized");
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, settings.batchSize());
        properties.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, LARGEST_FETCH_BYTES);
        properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class);
        properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        return new DefaultShareConsumerFactory<String, byte[]>(properties)
                .createShareConsumer(settings.group(), settings.group() + "-" + topic);
    }
}

package dev.meridian.worker.queue;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.kafka.autoconfigure.KafkaProperties;
import org.springframework.context.SmartLifecycle;
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
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().name("queue-", 1).factory());
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
        this.topics = handlers.stream().map(handler -> handler.source().topic()).toList();
    }

    @Override
    public void start() {
        try (Admin admin = Admin.create(kafka.buildAdminProperties())) {
            QueueCheck.check(
                    admin,
                    settings.group(),
                    Stream.concat(topics.stream(), Stream.of(DeadLetter.TOPIC)).toList());
        }
        for (String topic : topics) {
            var consumer =
                    new QueueConsumer(topic, () -> shareConsumer(topic), delivery, retries::isWritable, settings);
            start(topic, "Taking from " + topic, consumer::run);
        }
        start("retry", "Retrying", this::retry);
        running = true;
        log.info("Taking from {} as share group {}", topics, settings.group());
    }

    private void start(String name, String work, Consumer<Loop> run) {
        var loop = new Loop(work, settings, stopping);
        meters.gauge("meridian.queue.backing.off", Tags.of("loop", name), loop, it -> it.isFailing() ? 1 : 0);
        threads.execute(() -> run.accept(loop));
    }

    private void retry(Loop loop) {
        loop.repeat(() -> {
            boolean more = delivery.retry();
            loop.succeeded();
            if (!more) {
                loop.pause(settings.retryInterval());
            }
        });
    }

    @Override
    public void stop() {
        stopping.countDown();
        threads.shutdown();
        try {
            if (!threads.awaitTermination(settings.stopTimeout().toMillis(), TimeUnit.MILLISECONDS)) {
                // Interrupted, they give back what they could not finish.
                threads.shutdownNow();
                threads.awaitTermination(1, TimeUnit.SECONDS);
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

    private ShareConsumer<String, byte[]> shareConsumer(String topic) {
        // Those of an admin client are the connection, and no settings that a share consumer refuses.
        Map<String, Object> properties = kafka.buildAdminProperties();
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, settings.group());
        properties.put(ConsumerConfig.CLIENT_ID_CONFIG, settings.group() + "-" + topic);
        properties.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
        // Whole batches of the producer, as they lie in the log: splitting them costs the broker far more.
        properties.put(ConsumerConfig.SHARE_ACQUIRE_MODE_CONFIG, "batch_optimized");
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, settings.batchSize());
        properties.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, LARGEST_FETCH_BYTES);
        return new KafkaShareConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer());
    }
}

package dev.meridian.orders.live;

import dev.meridian.orders.RetryBackOff;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.OrderChanged;
import dev.meridian.orders.order.cache.SingleOrder;
import dev.meridian.orders.outbox.CloudEvents;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads every change of every order from the moment of its start, whichever instance made it, and tells this instance's
 * subscriptions. It belongs to no consumer group: a group would share the changes out among the instances.
 */
@Component
class ChangeFeed implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(ChangeFeed.class);

    private static final Duration TIMEOUT = Duration.ofSeconds(3);

    /** Under load the next poll brings many changes. */
    private static final Duration GATHERING = Duration.ofMillis(10);

    private static final Duration POLL = Duration.ofSeconds(1);

    private final ConsumerFactory<String, byte[]> consumers;
    private final Subscriptions subscriptions;
    private final JsonMapper json;
    private final Counter passedOver;
    private final RetryBackOff backOff = new RetryBackOff(log, "Reading the feed of changed orders");
    private volatile @Nullable Thread thread;

    ChangeFeed(
            ConsumerFactory<String, byte[]> consumers,
            Subscriptions subscriptions,
            JsonMapper json,
            MeterRegistry metrics) {
        this.consumers = consumers;
        this.subscriptions = subscriptions;
        this.json = json;
        this.passedOver = metrics.counter("meridian.records.passed.over", "topic", OrderChanged.TOPIC);
    }

    private void run() {
        while (thread == Thread.currentThread()) {
            try (Consumer<String, byte[]> consumer = consumers.createConsumer(null, "live", null, overrides())) {
                while (thread == Thread.currentThread()) {
                    Set<TopicPartition> partitions = partitions(consumer);
                    if (!partitions.equals(consumer.assignment())) {
                        consumer.assign(partitions); // goes on where it is in those that it has
                    }
                    ConsumerRecords<String, byte[]> records = consumer.poll(POLL);
                    records.forEach(this::tell);
                    backOff.succeeded();
                    if (!records.isEmpty()) {
                        pause(GATHERING);
                    }
                }
            } catch (RuntimeException e) {
                pause(backOff.failed(e));
            }
        }
    }

    private static Properties overrides() {
        var overrides = new Properties();
        overrides.setProperty(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
        overrides.setProperty(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
        // How long a partition that was added to the topic goes unnoticed, ms.
        overrides.setProperty(ConsumerConfig.METADATA_MAX_AGE_CONFIG, "60000");
        return overrides;
    }

    /** From the client's metadata, once it has them. */
    private static Set<TopicPartition> partitions(Consumer<?, ?> consumer) {
        Set<TopicPartition> partitions = consumer.partitionsFor(OrderChanged.TOPIC, TIMEOUT).stream()
                .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                .collect(Collectors.toSet());
        if (partitions.isEmpty()) {
            throw new IllegalStateException("There is no topic " + OrderChanged.TOPIC);
        }
        return partitions;
    }

    /** Most changes are of orders that no client watches here: these cost a look at the key. */
    private void tell(ConsumerRecord<String, byte[]> record) {
        try {
            if (!subscriptions.isAwaited(UUID.fromString(String.valueOf(record.key())))) {
                return;
            }
            if (record.value() == null || !OrderChanged.TYPE.equals(CloudEvents.type(record))) {
                throw new IllegalArgumentException("it tells of no change");
            }
            JsonNode change = json.readTree(record.value());
            JsonNode order = change.required("order");
            if (Order.Status.valueOf(order.required("status").asString()).isFinal()) {
                subscriptions.tell(new SingleOrder(
                        UUID.fromString(order.required("id").asString()),
                        change.required("customer").asString(),
                        order.required("version").asLong(),
                        order.toString(),
                        true,
                        false));
            }
        } catch (JacksonException | IllegalArgumentException e) {
            passedOver.increment();
            log.debug("Passed over {}-{}@{}", record.topic(), record.partition(), record.offset(), e);
        }
    }

    private void pause(Duration pause) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            thread = null;
        }
    }

    @Override
    public void start() {
        Thread started = Thread.ofPlatform().daemon().name("live-feed").unstarted(this::run);
        thread = started;
        started.start();
    }

    /** Waits for nothing: what is read after this finds no subscription. */
    @Override
    public void stop() {
        thread = null;
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }
}

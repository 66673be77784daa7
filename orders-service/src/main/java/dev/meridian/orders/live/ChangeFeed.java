package dev.meridian.orders.live;

import dev.meridian.orders.RetryBackOff;
import dev.meridian.orders.order.Order;
import dev.meridian.orders.order.OrderChanged;
import dev.meridian.orders.outbox.CloudEvents;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
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
 * Reads every change of every order from the moment of its start, whichever instance made it, and tells the watchers
 * that this instance has. It belongs to no consumer group: a group would share the changes out among the instances,
 * and needs to be cleaned up after each of them.
 */
@Component
class ChangeFeed implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(ChangeFeed.class);

    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final Duration POLL = Duration.ofSeconds(1);

    /** How long a partition that was added to the topic may go unnoticed. */
    private static final Duration PARTITIONS_KNOWN = Duration.ofMinutes(1);

    private final ConsumerFactory<String, byte[]> consumers;
    private final Watchers watchers;
    private final JsonMapper json;
    private final Object turn = new Object();
    private @Nullable Thread thread;
    private @Nullable Consumer<String, byte[]> reading;
    private volatile boolean following;
    private final Counter passedOver;
    private final RetryBackOff backOff = new RetryBackOff(log, "Reading the feed of changed orders");

    ChangeFeed(ConsumerFactory<String, byte[]> consumers, Watchers watchers, JsonMapper json, MeterRegistry metrics) {
        this.consumers = consumers;
        this.watchers = watchers;
        this.json = json;
        this.passedOver = metrics.counter("meridian.records.passed.over", "topic", OrderChanged.TOPIC);
    }

    private void run() {
        while (isRunning()) {
            try (Consumer<String, byte[]> consumer = consumers.createConsumer(null, "live", null, overrides())) {
                synchronized (turn) {
                    if (thread == null) {
                        return;
                    }
                    reading = consumer;
                }
                List<TopicPartition> partitions = partitions(consumer);
                consumer.assign(partitions);
                consumer.seekToEnd(partitions);
                partitions.forEach(partition -> consumer.position(partition, PATIENCE));
                backOff.succeeded();
                follow(consumer, partitions);
            } catch (WakeupException e) {
                return;
            } catch (RuntimeException e) {
                pause(backOff.failed(e));
            } finally {
                following = false;
                synchronized (turn) {
                    reading = null;
                }
            }
        }
    }

    private static Properties overrides() {
        var overrides = new Properties();
        overrides.setProperty(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
        overrides.setProperty(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
        return overrides;
    }

    private static List<TopicPartition> partitions(Consumer<?, ?> consumer) {
        List<TopicPartition> partitions = consumer.partitionsFor(OrderChanged.TOPIC, PATIENCE).stream()
                .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
                .toList();
        if (partitions.isEmpty()) {
            throw new IllegalStateException("There is no topic " + OrderChanged.TOPIC);
        }
        return partitions;
    }

    /** Returns when the topic has got more partitions. */
    private void follow(Consumer<String, byte[]> consumer, List<TopicPartition> partitions) {
        long checked = System.nanoTime();
        following = true;
        while (isRunning()) {
            for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
                tell(record);
            }
            if (System.nanoTime() - checked > PARTITIONS_KNOWN.toNanos()) {
                checked = System.nanoTime();
                if (partitions(consumer).size() != partitions.size()) {
                    return;
                }
            }
        }
    }

    /** Most changes are of orders that no client watches here: these cost a look at the key. */
    private void tell(ConsumerRecord<String, byte[]> record) {
        try {
            if (!watchers.watched(UUID.fromString(String.valueOf(record.key())))) {
                return;
            }
            if (record.value() == null || !OrderChanged.TYPE.equals(CloudEvents.type(record))) {
                throw new IllegalArgumentException("it tells of no change");
            }
            JsonNode change = json.readTree(record.value());
            JsonNode order = change.required("order");
            watchers.tell(new OrderVersion(
                    UUID.fromString(order.required("id").asString()),
                    order.required("version").asLong(),
                    !order.required("status").asString().equals(Order.Status.PLACED.name()),
                    change.required("customer").asString(),
                    order.toString()));
        } catch (JacksonException | IllegalArgumentException e) {
            passedOver.increment();
            log.debug("Passed over {}-{}@{}", record.topic(), record.partition(), record.offset(), e);
        }
    }

    /** Whether changes reach the watchers by this way now. */
    boolean following() {
        return following;
    }

    private void pause(Duration pause) {
        synchronized (turn) {
            if (thread != null) {
                try {
                    turn.wait(pause.toMillis());
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    thread = null;
                }
            }
        }
    }

    @Override
    public void start() {
        synchronized (turn) {
            thread = Thread.ofPlatform().daemon().name("live-feed").start(this::run);
        }
    }

    @Override
    public void stop() {
        Thread running;
        synchronized (turn) {
            running = thread;
            thread = null;
            if (reading != null) {
                reading.wakeup();
            }
            turn.notifyAll();
        }
        if (running != null) {
            try {
                running.join(PATIENCE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public boolean isRunning() {
        synchronized (turn) {
            return thread != null;
        }
    }
}

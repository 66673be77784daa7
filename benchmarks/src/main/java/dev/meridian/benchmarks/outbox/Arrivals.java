package dev.meridian.benchmarks.outbox;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;

/** What a consumer of a topic sees from now on: when each event came first, how often, and in which order. */
final class Arrivals {
    private final Map<Event, Instant> first = new HashMap<>();
    private final Map<UUID, Integer> newest = new HashMap<>();
    private int repeated;
    private int repeatedLate;
    private int overtaken;
    private @Nullable Instant latest;

    /** Whether that many events came within the time. */
    boolean await(int events, Duration limit) throws InterruptedException {
        return await(() -> distinct() >= events, limit);
    }

    static boolean await(BooleanSupplier condition, Duration limit) throws InterruptedException {
        var deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            Thread.sleep(20);
        }
        return true;
    }

    synchronized void arrive(Event event, Instant at) {
        if (first.putIfAbsent(event, at) != null) {
            repeated++;
            if (newest.getOrDefault(event.key(), 0) > event.sequence()) {
                repeatedLate++;
            }
            return;
        }
        latest = at;
        if (event.sequence() > 0 && !first.containsKey(new Event(event.key(), event.sequence() - 1))) {
            overtaken++;
        }
        newest.merge(event.key(), event.sequence(), Math::max);
    }

    synchronized int distinct() {
        return first.size();
    }

    /** How many came more often than once, each time counted. */
    synchronized int repeated() {
        return repeated;
    }

    /** Of the {@link #repeated()} those that came again after a later event of the same order. */
    synchronized int repeatedLate() {
        return repeatedLate;
    }

    /** How many came for the first time before their order's previous event did: at least once, but not in order. */
    synchronized int overtaken() {
        return overtaken;
    }

    /** When the newest one came that had not come before. */
    synchronized @Nullable Instant latest() {
        return latest;
    }

    synchronized @Nullable Instant first(Event event) {
        return first.get(event);
    }

    /** Watches every partition of the topic from its end. */
    static Watch watch(String bootstrapServers, String topic) {
        return new Watch(bootstrapServers, topic);
    }

    /** A consumer on a thread of its own. */
    static final class Watch implements AutoCloseable {
        private final Arrivals arrivals = new Arrivals();
        private final KafkaConsumer<String, String> consumer;
        private final Thread thread;
        private volatile boolean closing;

        private Watch(String bootstrapServers, String topic) {
            consumer = new KafkaConsumer<>(
                    Map.of(
                            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                            bootstrapServers,
                            ConsumerConfig.MAX_POLL_RECORDS_CONFIG,
                            5_000,
                            ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                            200),
                    new StringDeserializer(),
                    new StringDeserializer());
            var partitions = consumer.partitionsFor(topic).stream()
                    .map(partition -> new TopicPartition(topic, partition.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToEnd(partitions);
            partitions.forEach(consumer::position);
            thread = Thread.ofPlatform().name("arrivals").daemon().start(this::consume);
        }

        private void consume() {
            try (consumer) {
                while (!closing) {
                    var records = consumer.poll(Duration.ofMillis(100));
                    var now = Instant.now();
                    for (var record : records) {
                        arrivals.arrive(Event.of(record.key(), record.value()), now);
                    }
                }
            }
        }

        Arrivals arrivals() {
            return arrivals;
        }

        @Override
        public void close() throws InterruptedException {
            closing = true;
            thread.join();
        }
    }
}

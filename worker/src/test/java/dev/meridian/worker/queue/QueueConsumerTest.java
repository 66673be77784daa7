package dev.meridian.worker.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.local.BackingServices;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Consumers of a real share group with a short lock. */
class QueueConsumerTest {

    private static final Duration LOCK = Duration.ofSeconds(2);
    private static final String SERVERS = BackingServices.shared().kafkaBootstrapServers();

    private final String name = "consumer-test-" + UUID.randomUUID();
    private final Admin admin = Admin.create(Map.of("bootstrap.servers", SERVERS));
    private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
    private final List<QueueConsumer> consumers = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    /** Each delivery as "value, delivery count". */
    private final ConcurrentLinkedQueue<String> deliveries = new ConcurrentLinkedQueue<>();

    @BeforeEach
    void setUp() throws Exception {
        admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get();
        Collection<AlterConfigOp> settings = List.of(
                set("share.auto.offset.reset", "earliest"),
                set("share.record.lock.duration.ms", Long.toString(LOCK.toMillis())));
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP, name), settings))
                .all()
                .get();
    }

    @AfterEach
    void tearDown() throws Exception {
        stop();
        workers.shutdownNow();
        admin.deleteTopics(List.of(name)).all().get();
        admin.close();
    }

    @Test
    void slowWorkKeepsItsLock() {
        var done = new ConcurrentLinkedQueue<String>();
        Semaphore slow = new Semaphore(0);
        start(2, record -> {
            slow.acquireUninterruptibly();
            done.add(value(record));
            return AcknowledgeType.ACCEPT;
        });
        send("slow");

        await().until(() -> deliveries.size() == 1);
        await().during(LOCK.multipliedBy(3)).atMost(LOCK.multipliedBy(5)).until(() -> deliveries.size() == 1);
        slow.release(10);
        await().until(() -> done.size() == 1);
        stop();
        start(1, _ -> AcknowledgeType.ACCEPT);
        send("next");

        await().until(() -> deliveries.contains("next, 1"));
        assertThat(deliveries).as("never delivered again").containsExactly("slow, 1", "next, 1");
    }

    @Test
    void releasedWorkIsDeliveredAgainAndRejectedWorkIsNot() {
        start(1, record -> switch (value(record)) {
            case "again" -> record.deliveryCount().orElseThrow() < 3 ? AcknowledgeType.RELEASE : AcknowledgeType.ACCEPT;
            case "never" -> AcknowledgeType.REJECT;
            default -> AcknowledgeType.ACCEPT;
        });
        send("again");
        send("never");
        send("last");

        await().until(() -> deliveries.contains("last, 1") && deliveries.contains("again, 3"));
        assertThat(deliveries).containsExactlyInAnyOrder("again, 1", "again, 2", "again, 3", "never, 1", "last, 1");
    }

    @Test
    void whatIsDoneWhenItStopsIsNotDeliveredAgain() {
        start(1, _ -> AcknowledgeType.ACCEPT);
        for (int i = 0; i < 20; i++) {
            send("order " + i);
        }
        await().until(() -> deliveries.size() >= 5);
        stop();
        int before = deliveries.size();

        start(1, _ -> AcknowledgeType.ACCEPT);

        await().until(() -> deliveries.size() >= 20);
        assertThat(before).isLessThanOrEqualTo(20);
        assertThat(deliveries).hasSize(20).doesNotHaveDuplicates();
    }

    private void start(int count, Function<ConsumerRecord<String, byte[]>, AcknowledgeType> work) {
        for (int i = 0; i < count; i++) {
            var consumer = new QueueConsumer(
                    this::consumer,
                    List.of(name),
                    record -> {
                        deliveries.add(
                                value(record) + ", " + record.deliveryCount().orElseThrow());
                        return work.apply(record);
                    },
                    workers);
            consumers.add(consumer);
            threads.add(Thread.ofPlatform().start(consumer));
        }
    }

    private void stop() {
        consumers.forEach(QueueConsumer::stop);
        for (Thread thread : threads) {
            await().until(() -> !thread.isAlive());
        }
        consumers.clear();
        threads.clear();
    }

    private ShareConsumer<String, byte[]> consumer() {
        return new KafkaShareConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        SERVERS,
                        "group.id",
                        name,
                        "share.acknowledgement.mode",
                        "explicit",
                        "share.acquire.mode",
                        "record_limit",
                        "max.poll.records",
                        1),
                new StringDeserializer(),
                new ByteArrayDeserializer());
    }

    private void send(String value) {
        try (var producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", SERVERS), new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(name, value));
        }
    }

    private static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    }

    private static String value(ConsumerRecord<String, byte[]> record) {
        return new String(record.value(), StandardCharsets.UTF_8);
    }
}

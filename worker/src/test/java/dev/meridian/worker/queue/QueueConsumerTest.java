package dev.meridian.worker.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.anyList;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.mock;

import dev.meridian.local.BackingServices;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
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

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Duration LOCK = Duration.ofSeconds(2);

    /** What comes again sooner was given back. */
    private static final Duration LONG_LOCK = Duration.ofMinutes(1);

    private static final Map<String, Object> ADMINISTRATOR =
            BackingServices.shared().kafkaAdministrator();

    private final String name = "consumer-test-" + UUID.randomUUID();
    private final Admin admin = Admin.create(ADMINISTRATOR);
    private final Delivery delivery = mock();
    private CountDownLatch stopping = new CountDownLatch(1);
    private Thread thread = new Thread();
    private QueueSettings settings = Fixtures.settings();

    /** Each delivery as "value, delivery count". */
    private final ConcurrentLinkedQueue<String> deliveries = new ConcurrentLinkedQueue<>();

    private final ConcurrentLinkedQueue<Integer> batchSizes = new ConcurrentLinkedQueue<>();

    @BeforeEach
    void setUp() throws Exception {
        admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get();
        configure("share.auto.offset.reset", "earliest");
        configure("share.delivery.count.limit", "25");
        lockRecordsFor(LOCK);
    }

    private void lockRecordsFor(Duration duration) throws Exception {
        configure("share.record.lock.duration.ms", Long.toString(duration.toMillis()));
    }

    private void configure(String setting, String value) throws Exception {
        Collection<AlterConfigOp> change =
                List.of(new AlterConfigOp(new ConfigEntry(setting, value), AlterConfigOp.OpType.SET));
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP, name), change))
                .all()
                .get();
    }

    @AfterEach
    void tearDown() throws Exception {
        stop();
        admin.deleteTopics(List.of(name)).all().get();
        admin.close();
    }

    @Test
    void deliversEachRecordOnceAndInBatchesThatAreNoLargerThanSet() {
        List<String> values =
                IntStream.range(0, 250).mapToObj(i -> "order " + i).toList();
        sendTogether(values);

        start(() -> true, _ -> {});

        await().atMost(SOON).until(() -> deliveries.size() >= 250);
        assertThat(batchSizes).allMatch(size -> size <= Fixtures.settings().batchSize());
        stop();
        start(() -> true, _ -> {});
        send("last");
        await().atMost(SOON).until(() -> deliveries.contains("last, 1"));
        assertThat(deliveries).hasSize(251).doesNotHaveDuplicates().allMatch(it -> it.endsWith(", 1"));
    }

    @Test
    void doesNotUseUpDeliveriesWhileTheDatabaseIsAway() {
        var away = new AtomicBoolean(true);
        var probes = new AtomicInteger();
        start(
                () -> {
                    probes.incrementAndGet();
                    return !away.get();
                },
                _ -> {
                    if (away.get()) {
                        throw new DependencyUnavailable("no database", null);
                    }
                });
        send("order");

        // For longer than the lock: what is not polled is not delivered.
        long until = System.nanoTime() + LOCK.multipliedBy(3).toNanos();
        await().atMost(SOON).until(() -> System.nanoTime() > until && probes.get() > 5);
        assertThat(deliveries).containsExactly("order, 1");
        away.set(false);

        await().atMost(SOON).until(() -> deliveries.size() == 2);
        assertThat(deliveries).containsExactly("order, 1", "order, 2");
    }

    /** The database answers and the work fails all the same: the broker would drop the record at its 26th delivery. */
    @Test
    void sendsARecordToTheEndOfTheQueueBeforeItsDeliveriesAreUsedUp() {
        var requeued = new ConcurrentLinkedQueue<String>();
        doAnswer(call -> {
                    List<ConsumerRecord<String, byte[]>> records = call.getArgument(0);
                    records.forEach(record -> requeued.add(
                            value(record) + ", " + record.deliveryCount().orElseThrow()));
                    return null;
                })
                .when(delivery)
                .requeue(anyList());
        send("order");
        start(() -> true, _ -> {
            throw new IllegalStateException("disk full");
        });

        await().atMost(SOON).until(() -> !requeued.isEmpty());
        assertThat(requeued).containsExactly("order, 20");
        assertThat(deliveries).hasSize(19);
        send("next");
        await().atMost(SOON).until(() -> deliveries.contains("next, 1"));
        assertThat(requeued).as("it was accepted").hasSize(1);
    }

    @Test
    void oneFailureReleasesTheWholePollAndAllOfItIsDeliveredAgain() throws Exception {
        lockRecordsFor(LONG_LOCK);
        var failed = new AtomicBoolean();
        var done = new ConcurrentLinkedQueue<String>();
        sendTogether(IntStream.range(0, 100).mapToObj(i -> "order " + i).toList());

        start(() -> true, batch -> {
            if (batch.stream().anyMatch(record -> value(record).equals("order 55")) && !failed.getAndSet(true)) {
                throw new IllegalStateException("a bug");
            }
            batch.forEach(record -> done.add(value(record)));
        });

        await().atMost(SOON).until(() -> done.size() >= 100);
        assertThat(done).hasSize(100).doesNotHaveDuplicates();
        assertThat(failed).isTrue();
    }

    @Test
    void survivesAnErrorOfItsWork() {
        var failed = new AtomicBoolean();
        start(() -> true, _ -> {
            if (!failed.getAndSet(true)) {
                throw new StackOverflowError();
            }
        });
        send("order");

        await().atMost(SOON).until(() -> deliveries.size() == 2);
        assertThat(deliveries).containsExactly("order, 1", "order, 2");
    }

    @Test
    void whatIsDoneWhenItStopsIsNotDeliveredAgainAndTheRestIs() throws Exception {
        lockRecordsFor(LONG_LOCK);
        sendTogether(IntStream.range(0, 100).mapToObj(i -> "order " + i).toList());
        var hold = new Semaphore(2);
        var done = new ConcurrentLinkedQueue<String>();
        start(() -> true, batch -> {
            hold.acquireUninterruptibly();
            batch.forEach(record -> done.add(value(record)));
        });
        await().atMost(SOON).until(() -> done.size() >= 2);
        stopping.countDown();
        hold.release(100);
        stop();
        assertThat(done).hasSizeLessThan(100);

        start(() -> true, batch -> batch.forEach(record -> done.add(value(record))));

        await().atMost(SOON).until(() -> done.size() >= 100);
        assertThat(done).hasSize(100).doesNotHaveDuplicates();
    }

    @Test
    void recordsGatherAfterOneThatCameAlone() throws Exception {
        lockRecordsFor(LONG_LOCK);
        settings = gatheringFor(Duration.ofSeconds(3));
        start(() -> true, _ -> {});
        send("alone");
        await().atMost(SOON).until(() -> deliveries.size() == 1);

        for (int i = 0; i < 5; i++) {
            send("order " + i);
        }

        await().atMost(SOON).until(() -> deliveries.size() == 6);
        assertThat(batchSizes).containsExactly(1, 5);
    }

    @Test
    void gatheringEndsAtStop() {
        settings = gatheringFor(Duration.ofHours(1));
        start(() -> true, _ -> {});
        send("alone");
        await().atMost(SOON).until(() -> deliveries.size() == 1);

        stop();
    }

    private static QueueSettings gatheringFor(Duration duration) {
        return Fixtures.settings(duration, Duration.ofMillis(1), Duration.ofMillis(200));
    }

    private void start(BooleanSupplier databaseIsWritable, Consumer<List<ConsumerRecord<String, byte[]>>> work) {
        doAnswer(call -> {
                    List<ConsumerRecord<String, byte[]>> batch = call.getArgument(0);
                    batchSizes.add(batch.size());
                    batch.forEach(record -> deliveries.add(
                            value(record) + ", " + record.deliveryCount().orElseThrow()));
                    work.accept(batch);
                    return null;
                })
                .when(delivery)
                .deliver(anyList(), anyLong());
        var consumer = new QueueConsumer(name, this::consumer, delivery, databaseIsWritable, settings);
        stopping = new CountDownLatch(1);
        var loop = new Loop("test", settings, stopping);
        thread = Thread.ofPlatform().start(() -> consumer.run(loop));
    }

    private void stop() {
        stopping.countDown();
        await().atMost(SOON).until(() -> !thread.isAlive());
    }

    private ShareConsumer<String, byte[]> consumer() {
        Map<String, Object> properties = new HashMap<>(ADMINISTRATOR);
        properties.put("group.id", name);
        properties.put("share.acknowledgement.mode", "explicit");
        properties.put("share.acquire.mode", "batch_optimized");
        properties.put("max.poll.records", Fixtures.settings().batchSize());
        return new KafkaShareConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer());
    }

    private void send(String value) {
        sendTogether(List.of(value));
    }

    /** As batches of the producer. */
    private void sendTogether(List<String> values) {
        Map<String, Object> properties = new HashMap<>(ADMINISTRATOR);
        properties.put("linger.ms", 100);
        try (var producer = new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
            values.forEach(value -> producer.send(new ProducerRecord<>(name, value)));
        }
    }

    private static String value(ConsumerRecord<String, byte[]> record) {
        return new String(record.value(), StandardCharsets.UTF_8);
    }
}

package dev.meridian.worker.queue;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.kafka.autoconfigure.KafkaProperties;
import org.springframework.context.SmartLifecycle;
import org.springframework.kafka.core.DefaultShareConsumerFactory;
import org.springframework.kafka.core.ShareConsumerFactory;
import org.springframework.stereotype.Component;

/** The share group's consumers in this process: checks the set-up, starts them, and ends them in good order. */
@Component
class Queue implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(Queue.class);

    private static final Duration CHECK = Duration.ofMillis(200);

    // A stand-in goes when nothing has rested for 10 s: a new one has to join the group first.
    private static final int QUIET_CHECKS = 50;

    private final QueueSettings settings;
    private final KafkaProperties kafka;
    private final Delivery delivery;
    private final List<String> topics;

    private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final List<Crew> crews;
    private int started;
    private volatile boolean running;

    private record Member(QueueConsumer consumer, Thread thread) {}

    /**
     * The consumers of one topic, who take from no other: a share group spreads its members evenly over the partitions
     * that they subscribe to, so a topic where little happens would keep as many of them as a busy one.
     */
    private static class Crew {

        final String topic;
        final int consumers;
        final Deque<Member> members = new ArrayDeque<>();
        int quietChecks;

        Crew(String topic, int consumers) {
            this.topic = topic;
            this.consumers = consumers;
        }
    }

    Queue(QueueSettings settings, KafkaProperties kafka, Delivery delivery, List<EventHandler> handlers) {
        this.settings = settings;
        this.kafka = kafka;
        this.delivery = delivery;
        this.topics = handlers.stream().map(EventHandler::topic).distinct().toList();
        this.crews = topics.stream()
                .map(topic -> new Crew(topic, settings.consumers(topic)))
                .toList();
    }

    @Override
    public void start() {
        check();
        ShareConsumerFactory<String, byte[]> factory = factory();
        staff(factory);
        running = true;
        Thread.ofVirtual().name("queue-staff").start(() -> {
            while (!stopped()) {
                staff(factory);
            }
        });
        for (Crew crew : crews) {
            log.info(
                    "Taking from {} as share group {} with {} consumers", crew.topic, settings.group(), crew.consumers);
        }
    }

    private synchronized void staff(ShareConsumerFactory<String, byte[]> factory) {
        if (stopping.getCount() > 0) {
            crews.forEach(crew -> staff(crew, factory));
        }
    }

    /** As many consumers as are to take from the queue, and one more for each that only waits with a failed event. */
    private void staff(Crew crew, ShareConsumerFactory<String, byte[]> factory) {
        int resting = delivery.resting(crew.topic);
        int wanted = crew.consumers + Math.min(resting, settings.standIns());
        while (crew.members.size() < wanted) {
            String name = settings.group() + "-" + ++started;
            var consumer = new QueueConsumer(
                    () -> factory.createShareConsumer(settings.group(), name),
                    List.of(crew.topic),
                    delivery::deliver,
                    workers);
            crew.members.addLast(new Member(
                    consumer, Thread.ofPlatform().name("queue-" + name).start(consumer)));
        }
        crew.quietChecks = resting == 0 ? crew.quietChecks + 1 : 0;
        if (crew.quietChecks > QUIET_CHECKS && crew.members.size() > crew.consumers) {
            crew.members.removeLast().consumer().stop();
        }
    }

    private boolean stopped() {
        try {
            return stopping.await(CHECK.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    @Override
    public void stop() {
        stopping.countDown();
        delivery.stop();
        List<Member> last = members();
        last.forEach(member -> member.consumer().stop());
        long deadline = System.nanoTime() + settings.stopTimeout().toNanos();
        try {
            for (Member member : last) {
                if (!member.thread().join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())))) {
                    // Interrupted, it gives back what it could not finish.
                    member.thread().interrupt();
                }
            }
            for (Member member : last) {
                boolean ignored = member.thread().join(Duration.ofSeconds(1));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        workers.shutdownNow();
        running = false;
    }

    private synchronized List<Member> members() {
        return crews.stream().flatMap(crew -> crew.members.stream()).toList();
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
            new QueueCheck(admin, settings.group(), topics).run();
        } catch (ExecutionException e) {
            throw new QueueMisconfigured("its settings cannot be read: " + e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new QueueMisconfigured("interrupted while its settings were read");
        }
    }

    private ShareConsumerFactory<String, byte[]> factory() {
        // Of the configured consumer only what a share consumer knows: the connection, and its own few settings.
        var properties = new HashMap<String, Object>(kafka.buildConsumerProperties());
        properties
                .keySet()
                .removeAll(List.of(
                        ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                        ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                        ConsumerConfig.ISOLATION_LEVEL_CONFIG));
        properties.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
        properties.put(ConsumerConfig.SHARE_ACQUIRE_MODE_CONFIG, "record_limit");
        properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, settings.recordsPerPoll());
        properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class);
        properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        return new DefaultShareConsumerFactory<>(properties);
    }
}

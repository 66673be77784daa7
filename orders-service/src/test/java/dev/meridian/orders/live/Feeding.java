package dev.meridian.orders.live;

import static org.awaitility.Awaitility.await;

import dev.meridian.orders.order.OrderChanged;
import dev.meridian.orders.order.cache.SingleOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.test.context.TestComponent;
import org.springframework.kafka.core.KafkaTemplate;

/** What reaches the subscriptions, at a test's command. */
@TestComponent
public class Feeding {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final Subscriptions subscriptions;
    private final ChangeFeed feed;
    private final KafkaTemplate<String, String> kafka;

    Feeding(Subscriptions subscriptions, ChangeFeed feed, KafkaTemplate<String, String> kafka) {
        this.subscriptions = subscriptions;
        this.feed = feed;
        this.kafka = kafka;
    }

    /** Subscriptions to many orders. */
    public record Opened(List<Subscription> subscriptions) implements AutoCloseable {

        /** The orders that a change was told of. */
        public Set<String> told() {
            return subscriptions.stream()
                    .filter(subscription -> subscription.finalOrder().isDone())
                    .map(subscription -> subscription.finalOrder().join().id().toString())
                    .collect(Collectors.toSet());
        }

        @Override
        public void close() {
            subscriptions.forEach(Subscription::close);
        }
    }

    public Opened open(List<String> orders) {
        return new Opened(orders.stream()
                .map(id -> (Subscription) subscriptions.open(UUID.fromString(id), "customer of " + id))
                .toList());
    }

    /** Waits until the feed reads what is published from now on, in each partition. */
    public void awaitFeed() {
        List<String> ids = kafka.partitionsFor(OrderChanged.TOPIC).stream()
                .map(partition -> UUID.randomUUID().toString())
                .toList();
        try (Opened probes = open(ids)) {
            await("the feed").atMost(SOON).until(() -> {
                for (int partition = 0; partition < ids.size(); partition++) {
                    kafka.send(change(partition, ids.get(partition), "probe", 2, "CONFIRMED"));
                }
                return probes.told().size() == ids.size();
            });
        }
    }

    public static ProducerRecord<String, String> change(
            @Nullable Integer partition, String id, String customer, long version, String status) {
        var change =
                new ProducerRecord<>(OrderChanged.TOPIC, partition, id, """
                {"customer":"%s","order":{"id":"%s","version":%d,"status":"%s"}}""".formatted(customer, id, version, status));
        change.headers().add("ce_type", OrderChanged.TYPE.getBytes(StandardCharsets.UTF_8));
        return change;
    }

    public void tell(String id, String customer, String json) {
        subscriptions.tell(new SingleOrder(UUID.fromString(id), customer, 2, json, true, false));
    }

    /** The orders that a look-up would ask for. */
    public List<String> awaited() {
        return subscriptions.awaited().stream().map(UUID::toString).toList();
    }

    public void lookUp() {
        feed.lookUp();
    }
}

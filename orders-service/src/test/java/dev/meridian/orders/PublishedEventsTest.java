package dev.meridian.orders;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalServerPort;

/** What this service publishes is what docs/events/asyncapi.yaml describes: key, CloudEvents headers and value. */
@RunningService
class PublishedEventsTest {

    private static final Duration SOON = Duration.ofSeconds(20);

    private final AsyncApi events = AsyncApi.read();
    private final String customer = "customer-" + UUID.randomUUID();
    private final Feed placed;
    private final Feed cancelled;
    private final Feed changed;
    private Api api = new Api(0);

    PublishedEventsTest() {
        placed = new Feed("orders.placed");
        cancelled = new Feed("orders.cancelled");
        changed = new Feed("orders.changed");
    }

    @BeforeEach
    void connect(@LocalServerPort int port) {
        api = new Api(port);
    }

    @AfterEach
    void disconnect() {
        placed.close();
        cancelled.close();
        changed.close();
    }

    @Test
    void anOrderThatIsPlacedAndCancelledIsToldAsDescribed() {
        String id =
                api.place(customer, Api.order("TEA-001", 2)).json().at("/id").asString();
        api.cancel(customer, id);

        for (Feed feed : List.of(placed, cancelled, changed)) {
            List<ConsumerRecord<String, String>> published =
                    feed.await(1, SOON, record -> record.key().equals(id));
            assertThat(published).hasSize(1);
            assertThat(events.differences(published.getFirst())).isEmpty();
        }
    }

    @Test
    void aRecordThatIsNotAsDescribedIsNoticed() {
        String id =
                api.place(customer, Api.order("TEA-001", 2)).json().at("/id").asString();
        ConsumerRecord<String, String> good =
                placed.await(1, SOON, record -> record.key().equals(id)).getFirst();

        for (String header : List.of("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type")) {
            ConsumerRecord<String, String> lacking = copy(good, good.key(), good.value());
            lacking.headers().remove(header);
            assertThat(events.differences(lacking)).as("without %s", header).isNotEmpty();
        }
        ConsumerRecord<String, String> older = copy(good, good.key(), good.value());
        older.headers().remove("ce_specversion").add("ce_specversion", new byte[] {'0'});
        assertThat(events.differences(older)).isNotEmpty();
        assertThat(events.differences(copy(good, "no id", good.value()))).isNotEmpty();
        assertThat(events.differences(copy(good, good.key(), "{}"))).isNotEmpty();
        assertThat(events.differences(copy(good, good.key(), good.value()))).isEmpty();
    }

    private static ConsumerRecord<String, String> copy(ConsumerRecord<String, String> good, String key, String value) {
        var copy = new ConsumerRecord<>(good.topic(), good.partition(), good.offset(), key, value);
        good.headers().forEach(header -> copy.headers().add(header));
        return copy;
    }
}

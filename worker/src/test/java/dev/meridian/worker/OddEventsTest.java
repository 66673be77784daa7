package dev.meridian.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Whatever lies in the queue, the orders around it are decided. */
class OddEventsTest extends RunningWorker {

    /** Whatever lies in the queue, the orders around it are decided. */
    @Test
    void oddRecordsStopNothing() throws Exception {
        long seed = Long.getLong("test.seed", System.nanoTime());
        var random = new Random(seed);
        List<UUID> good = new ArrayList<>();
        List<String> dead = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            good.add(place("tok_ok"));
            for (int j = 0; j < 3; j++) {
                String topic = random.nextInt(3) == 0 ? "orders.cancelled" : "orders.placed";
                OddRecord odd = OddRecord.any(random, topic, good);
                if (odd.isDead()) {
                    dead.add(odd.record().key());
                }
                plain.send(odd.record());
            }
        }

        for (UUID order : good) {
            ConsumerRecord<String, byte[]> outcome = outcomes.awaitFirst(order.toString(), SOON);
            assertThat(value(outcome).get("outcome").asString())
                    .as("seed %d", seed)
                    .isEqualTo("CONFIRMED");
            assertThat(outcome.headers().lastHeader("traceparent").value()).doesNotContain(0);
        }
        for (String key : dead) {
            ConsumerRecord<String, byte[]> letter = deadLetters.awaitFirst(key, SOON);
            assertThat(violations("dead-letter", letter.value()))
                    .as("seed %d", seed)
                    .isEmpty();
        }
        assertThat(dead).as("seed %d", seed).isNotEmpty();
        UUID last = place("tok_ok");
        outcomes.awaitFirst(last.toString(), SOON);
        cancel(last, "");
        awaitBook(last, "CANCELLED REFUNDED");
        // What failed in the database is given up as well.
        Awaitility.await().atMost(SOON).until(() -> retriesWaiting() == 0);
    }

    @Test
    void unknownTypesAndFieldsStopNothing() {
        String key = UUID.randomUUID().toString();
        send(key, "{}".getBytes(StandardCharsets.UTF_8), "dev.meridian.order.celebrated");
        UUID order = UUID.randomUUID();
        send(order.toString(), event(order, "tok_ok", ",\"gift\":true"), "dev.meridian.order.placed");

        assertThat(value(outcomes.awaitFirst(order.toString(), SOON))
                        .get("outcome")
                        .asString())
                .isEqualTo("CONFIRMED");
        assertThat(deadLetters.with(key)).isEmpty();
    }

    @Test
    void recordsThatAreNoEventsAreDeadLettersAtOnceAndStopNothing() throws Exception {
        String noValue = UUID.randomUUID().toString();
        String noHeaders = UUID.randomUUID().toString();
        String noCancellation = UUID.randomUUID().toString();
        String noOrder = UUID.randomUUID().toString();
        byte[] garbage = "\u0000\u0001no event at all".getBytes(StandardCharsets.UTF_8);
        plain.send(record("orders.placed", noValue, null, "dev.meridian.order.placed"));
        plain.send(new ProducerRecord<>("orders.placed", noHeaders, event(UUID.randomUUID(), "tok_ok", "")));
        plain.send(record("orders.cancelled", noCancellation, garbage, "dev.meridian.order.cancelled"));
        plain.send(record("orders.cancelled", noOrder, cancellation("no uuid", ""), "dev.meridian.order.cancelled"));
        UUID order = place("tok_ok");
        outcomes.awaitFirst(order.toString(), SOON);
        cancel(order, "");
        awaitBook(order, "CANCELLED REFUNDED");

        for (String key : List.of(noValue, noHeaders, noCancellation, noOrder)) {
            ConsumerRecord<String, byte[]> deadLetter = deadLetters.awaitFirst(key, SOON);
            assertThat(violations("dead-letter", deadLetter.value())).isEmpty();
            assertThat(value(deadLetter).get("failures").asInt()).isEqualTo(1);
            assertThat(value(deadLetter).get("topic").asString())
                    .isEqualTo(key.equals(noValue) || key.equals(noHeaders) ? "orders.placed" : "orders.cancelled");
            assertThat(value(deadLetter).has("content")).isEqualTo(!key.equals(noValue));
        }
    }

    @Test
    void theEventsThatTheseTestsSendAreThoseOfTheSchemas() throws Exception {
        assertThat(violations("order-placed", event(UUID.randomUUID(), "tok_ok", "")))
                .isEmpty();
        assertThat(violations("order-cancelled", cancellation(UUID.randomUUID().toString(), "")))
                .isEmpty();
        assertThat(violations("order-cancelled", cancellation("no uuid", ""))).isNotEmpty();
        assertThat(violations("order-placed", "{}".getBytes(StandardCharsets.UTF_8)))
                .isNotEmpty();
        assertThat(violations("fulfilment-decided", event(UUID.randomUUID(), "tok_ok", "")))
                .isNotEmpty();
    }
}

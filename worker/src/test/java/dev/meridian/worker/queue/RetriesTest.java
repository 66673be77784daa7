package dev.meridian.worker.queue;

import static dev.meridian.worker.queue.Fixtures.LATER;
import static dev.meridian.worker.queue.Fixtures.record;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.anyList;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.mock;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.zaxxer.hikari.HikariDataSource;
import dev.meridian.worker.Backing;
import dev.meridian.worker.queue.EventPublisher.OutgoingEvent;
import dev.meridian.worker.queue.Fixtures.Handler;
import dev.meridian.worker.queue.Fixtures.Told;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What becomes of records that fail, with the retry table in a real database. */
class RetriesTest {

    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration LEASE = Duration.ofMinutes(1);
    private static final Function<List<Told>, Map<UUID, String>> FAILS =
            batch -> batch.stream().collect(Collectors.toMap(Told::orderId, told -> "no answer for " + told.text()));

    private static HikariDataSource database = new HikariDataSource();

    private final Handler handler = new Handler();
    private final JsonMapper json = JsonMapper.builder().build();
    private final EventPublisher publisher = mock();
    private final List<OutgoingEvent> published = new CopyOnWriteArrayList<>();
    private final List<ProducerRecord<String, byte[]>> requeued = new CopyOnWriteArrayList<>();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    /** A gauge alone does not keep what it tells of. */
    private final List<Delivery> made = new ArrayList<>();

    private final JdbcClient jdbc = JdbcClient.create(database);
    private final RetryTable table = new RetryTable(new JdbcTemplate(database), Fixtures.settings());

    @BeforeAll
    static void migrate() {
        database = Backing.database(4);
    }

    @AfterAll
    static void close() {
        database.close();
    }

    @BeforeEach
    void reset() {
        Backing.reset(jdbc);
        doAnswer(call -> published.addAll(call.getArgument(0))).when(publisher).publish(anyList());
        doAnswer(call -> requeued.addAll(call.getArgument(0))).when(publisher).send(anyList());
    }

    @Test
    void aFailureIsKeptAndTriedAgainUntilItWorks() {
        UUID good = UUID.randomUUID();
        UUID bad = UUID.randomUUID();
        handler.work = batch -> batch.stream()
                .filter(told -> told.orderId().equals(bad))
                .collect(Collectors.toMap(Told::orderId, _ -> "no answer"));
        Delivery delivery = delivery();
        delivery.deliver(List.of(record(good, "good", 1), record(bad, "bad", 1)), LATER);
        assertThat(failures()).containsExactly(Map.entry(bad, 1));

        handler.work = _ -> Map.of();
        delivery.retry();
        await().atMost(SOON).until(() -> !delivery.retry() && failures().isEmpty());

        assertThat(handler.texts()).containsExactly("good", "bad", "bad");
        assertThat(published).isEmpty();
        assertThat(meters.get("meridian.queue.retries.waiting").gauge().value()).isZero();
    }

    @Test
    void soManyFailuresAreOneDeadLetterWhateverIsStartedAnewMeanwhile() throws Exception {
        UUID orderId = UUID.randomUUID();
        handler.work = FAILS;
        delivery().deliver(List.of(record(orderId, "poison", 1)), LATER);

        // Each time by objects that remember nothing, as those of a process that was started anew.
        await().atMost(SOON).until(() -> {
            delivery().retry();
            return failures().isEmpty();
        });
        delivery().retry();

        assertThat(handler.batches).as("attempts").hasSize(4);
        assertThat(published).hasSize(1);
        JsonNode letter = deadLetter(published.getFirst());
        assertThat(published.getFirst().key()).isEqualTo(orderId.toString());
        assertThat(letter.get("orderId").asString()).isEqualTo(orderId.toString());
        assertThat(letter.get("failures").asInt()).isEqualTo(4);
        assertThat(letter.get("topic").asString()).isEqualTo("topic");
        assertThat(letter.get("offset").asLong()).isEqualTo(17);
        assertThat(letter.get("type").asString()).isEqualTo(Fixtures.TYPE);
        assertThat(letter.get("reason").asString()).isEqualTo("no answer for poison");
        assertThat(Base64.getDecoder().decode(letter.get("content").asString()))
                .isEqualTo(Fixtures.json(orderId, "poison"));
    }

    @Test
    void aDeadLetterThatCannotBePublishedIsNotForgotten() {
        UUID orderId = UUID.randomUUID();
        handler.work = FAILS;
        delivery().deliver(List.of(record(orderId, "poison", 1)), LATER);
        jdbc.sql("UPDATE retry SET failures = 3").update();
        doThrow(new DependencyUnavailable("no broker", null)).when(publisher).publish(anyList());

        await().atMost(SOON)
                .untilAsserted(
                        () -> assertThatThrownBy(() -> delivery().retry()).isInstanceOf(DependencyUnavailable.class));

        assertThat(failures()).containsExactly(Map.entry(orderId, 3));
        doAnswer(call -> published.addAll(call.getArgument(0))).when(publisher).publish(anyList());
        dueNow();
        delivery().retry();
        assertThat(published).hasSize(1);
        assertThat(failures()).isEmpty();
    }

    @Test
    void anEventThatComesAgainKeepsItsCount() {
        UUID orderId = UUID.randomUUID();
        handler.work = FAILS;
        delivery().deliver(List.of(record(orderId, "first", 1)), LATER);
        jdbc.sql("UPDATE retry SET failures = 3, next_attempt_at = now() + interval '1 hour'")
                .update();

        delivery().deliver(List.of(record(orderId, "again", 1), record(orderId, "and again", 1)), LATER);

        assertThat(failures()).containsExactly(Map.entry(orderId, 3));
        assertThat(table.claim(10, LEASE)).as("nor is it due any sooner").isEmpty();
    }

    @Test
    void workersShareWhatIsDueAndGetBackWhatOneOfThemLeaves() throws Exception {
        handler.work = FAILS;
        delivery()
                .deliver(
                        IntStream.range(0, 50)
                                .mapToObj(i -> record(UUID.randomUUID(), "event " + i, 1))
                                .toList(),
                        LATER);
        dueNow();
        Set<UUID> claimed = new HashSet<>();
        try (var threads = Executors.newFixedThreadPool(4)) {
            var claims = threads.invokeAll(IntStream.range(0, 8)
                    .mapToObj(_ -> (Callable<List<QueuedRecord>>) () -> table.claim(10, LEASE))
                    .toList());
            for (var claim : claims) {
                for (QueuedRecord retry : claim.get()) {
                    assertThat(claimed.add(UUID.fromString(retry.key())))
                            .as("claimed once")
                            .isTrue();
                }
            }
        }
        while (claimed.addAll(table.claim(10, LEASE).stream()
                .map(retry -> UUID.fromString(retry.key()))
                .toList())) {
            assertThat(claimed).hasSizeLessThanOrEqualTo(50);
        }
        assertThat(claimed).hasSize(50);
        assertThat(table.claim(100, LEASE)).isEmpty();

        // They end without a word, and their lease does so too.
        dueNow();
        assertThat(table.claim(100, LEASE)).hasSize(50).allMatch(retry -> retry.failures() == 1);
    }

    @Test
    void anAttemptThatTwoWorkersMadeIsCountedOnce() {
        UUID orderId = UUID.randomUUID();
        handler.work = FAILS;
        delivery().deliver(List.of(record(orderId, "slow", 1)), LATER);
        dueNow();
        QueuedRecord one = table.claim(1, Duration.ofMillis(1)).getFirst();
        dueNow();
        QueuedRecord other = table.claim(1, LEASE).getFirst();

        table.keep(List.of(new Failure(one, orderId, "late")));
        table.keep(List.of(new Failure(other, orderId, "later")));

        assertThat(failures()).containsExactly(Map.entry(orderId, 2));
    }

    @Test
    void outagesKeepTheCountAndUseUpNoAttempt() {
        UUID orderId = UUID.randomUUID();
        handler.work = FAILS;
        delivery().deliver(List.of(record(orderId, "order", 1)), LATER);
        dueNow();
        handler.work = _ -> {
            throw new DependencyUnavailable("no broker", null);
        };

        assertThatThrownBy(() -> delivery().retry()).isInstanceOf(DependencyUnavailable.class);

        assertThat(failures()).containsExactly(Map.entry(orderId, 1));
        handler.work = _ -> Map.of();
        dueNow();
        delivery().retry();
        assertThat(failures()).isEmpty();
    }

    @Test
    void aFailureThatCannotBeKeptIsNotAccepted() {
        handler.work = FAILS;
        try (HikariDataSource away = new HikariDataSource()) {
            away.setJdbcUrl("jdbc:postgresql://127.0.0.1:1/fulfilment");
            away.setInitializationFailTimeout(-1);
            away.setConnectionTimeout(250);
            var awayTable = new RetryTable(new JdbcTemplate(away), Fixtures.settings());
            var delivery = new Delivery(
                    new EventDispatch(List.of(handler), json, awayTable, meters),
                    awayTable,
                    publisher,
                    Fixtures.settings(),
                    meters,
                    Clock.systemUTC());

            assertThatThrownBy(() -> delivery.deliver(List.of(record(UUID.randomUUID(), "order", 1)), LATER))
                    .isInstanceOf(RuntimeException.class);
            assertThat(awayTable.isWritable()).isFalse();
        }
        assertThat(table.isWritable()).isTrue();
    }

    @Test
    void anUnreadableRecordIsADeadLetterAtOnce() throws Exception {
        UUID key = UUID.randomUUID();
        byte[] huge = "x".repeat(500_000).getBytes(StandardCharsets.UTF_8);
        Map<String, byte[]> typed = Map.of("ce_type", Fixtures.TYPE.getBytes(StandardCharsets.UTF_8));
        List<ConsumerRecord<String, byte[]>> records = List.of(
                Fixtures.record(key.toString(), huge, typed, 1),
                Fixtures.record(null, null, typed, 1),
                Fixtures.record("k".repeat(900_000), new byte[] {0, 1}, Map.of(), 1));

        delivery().deliver(records, LATER);

        assertThat(published).hasSize(3);
        for (OutgoingEvent event : published) {
            assertThat(json.writeValueAsBytes(event.value())).hasSizeLessThan(100_000);
            assertThat(deadLetter(event).get("failures").asInt()).isEqualTo(1);
        }
        assertThat(published).extracting(OutgoingEvent::key).containsExactlyInAnyOrder(key.toString(), null, null);
        OutgoingEvent hugeOne = published.stream()
                .filter(event -> key.toString().equals(event.key()))
                .findFirst()
                .orElseThrow();
        assertThat(Base64.getDecoder().decode(deadLetter(hugeOne).get("content").asString()))
                .hasSize(16 * 1024);
        assertThat(failures()).isEmpty();
    }

    @Test
    void aDeadLetterThatIsNotPublishedIsNotAccepted() {
        doThrow(new DependencyUnavailable("no broker", null)).when(publisher).publish(anyList());

        assertThatThrownBy(() -> delivery().deliver(List.of(Fixtures.record("key", null, Map.of(), 1)), LATER))
                .isInstanceOf(DependencyUnavailable.class);
    }

    @Test
    void aRecordWhoseDeliveriesAreNearlyUsedUpBeginsAnew() {
        ConsumerRecord<String, byte[]> old = record(UUID.randomUUID(), "old", 20);

        delivery().requeue(List.of(old));

        assertThat(requeued).singleElement().satisfies(copy -> {
            assertThat(copy.topic()).isEqualTo(old.topic());
            assertThat(copy.key()).isEqualTo(old.key());
            assertThat(copy.value()).isEqualTo(old.value());
            assertThat(copy.headers()).isEqualTo(old.headers());
        });
        assertThat(meters.counter("meridian.queue.deliveries", "answer", "requeued")
                        .count())
                .isEqualTo(1);
    }

    private Delivery delivery() {
        made.add(new Delivery(dispatch(), table, publisher, Fixtures.settings(), meters, Clock.systemUTC()));
        return made.getLast();
    }

    private EventDispatch dispatch() {
        return new EventDispatch(List.of(handler), json, table, meters);
    }

    private void dueNow() {
        jdbc.sql("UPDATE retry SET next_attempt_at = now()").update();
    }

    private Map<UUID, Integer> failures() {
        return jdbc
                .sql("SELECT order_id, failures FROM retry")
                .query((row, _) -> Map.entry(row.getObject("order_id", UUID.class), row.getInt("failures")))
                .list()
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** The event's value, which the schema allows. */
    private JsonNode deadLetter(OutgoingEvent event) throws Exception {
        assertThat(event.topic()).isEqualTo("fulfilment.dead-letters");
        assertThat(event.type()).isEqualTo("dev.meridian.fulfilment.dead-letter");
        String value = json.writeValueAsString(event.value());
        assertThat(SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                        .getSchema(
                                Files.readString(Path.of("../docs/events/dead-letter.schema.json")), InputFormat.JSON)
                        .validate(
                                value,
                                InputFormat.JSON,
                                context -> context.executionConfig(config -> config.formatAssertionsEnabled(true))))
                .isEmpty();
        return json.readTree(value);
    }
}

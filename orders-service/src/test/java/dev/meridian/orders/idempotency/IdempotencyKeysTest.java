package dev.meridian.orders.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.meridian.orders.RunningService;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

@RunningService
class IdempotencyKeysTest {

    private static final Duration KEEP = Duration.ofHours(24);
    private static final Answer FAILED = answer(500, "failed");

    private final JdbcClient jdbc;
    private final PlatformTransactionManager transactions;
    private final IdempotencyKeys keys;
    private final String caller = "caller-" + UUID.randomUUID();
    private final AtomicInteger processed = new AtomicInteger();

    @Autowired
    IdempotencyKeysTest(JdbcClient jdbc, PlatformTransactionManager transactions) {
        this.jdbc = jdbc;
        this.transactions = transactions;
        this.keys = keysAfter(Duration.ZERO);
    }

    /** The keys as they are seen that much later. */
    private IdempotencyKeys keysAfter(Duration later) {
        return keys(later, 1_000);
    }

    private IdempotencyKeys keys(Duration later, int sweepBatch) {
        return new IdempotencyKeys(
                jdbc,
                transactions,
                new IdempotencySettings(KEEP, Duration.ofHours(1), sweepBatch),
                Clock.offset(Clock.systemUTC(), later));
    }

    private static Answer answer(int status, String body) {
        return new Answer(status, "application/json", "/somewhere", "\"7\"", body, true);
    }

    private KeyedRequest request(String key) {
        return KeyedRequest.of(caller, key, "POST /api/things", "content".getBytes(StandardCharsets.UTF_8));
    }

    /** Each time it is really processed the answer is another. */
    private Answer count() {
        return answer(201, "processed " + processed.incrementAndGet());
    }

    private Once once(KeyedRequest request) {
        return once(request, this::count);
    }

    private Once once(KeyedRequest request, Supplier<Answer> processing) {
        return keys.once(request, processing, e -> FAILED);
    }

    @Test
    void theFirstAnswerIsGivenAgainWhole() {
        assertThat(once(request("key"))).isEqualTo(new Once.Processed(answer(201, "processed 1")));
        assertThat(once(request("key"))).isEqualTo(new Once.Replayed(answer(201, "processed 1")));
    }

    @Test
    void aKeyStandsForOneOperationWithOneContent() {
        KeyedRequest first = request("key");
        once(first);

        assertThat(once(KeyedRequest.of(caller, "key", first.operation(), new byte[] {1})))
                .isEqualTo(new Once.Reused());
        assertThat(once(new KeyedRequest(caller, "key", "POST /api/others", first.hash())))
                .isEqualTo(new Once.Reused());
        assertThat(processed).hasValue(1);
    }

    @Test
    void anotherCallersKeyIsAnotherKey() {
        KeyedRequest mine = request("key");
        once(mine);

        assertThat(once(new KeyedRequest("other-" + caller, mine.key(), mine.operation(), mine.hash())))
                .isEqualTo(new Once.Processed(answer(201, "processed 2")));
    }

    @Test
    void nobodyWaitsForARequestThatIsBeingProcessed() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Once> first = threads.submit(() -> once(request("key"), () -> {
                entered.countDown();
                await(leave);
                return count();
            }));
            await(entered);

            assertThat(once(request("key"))).isEqualTo(new Once.InUse());
            assertThat(once(request("another key"))).isInstanceOf(Once.Processed.class);
            leave.countDown();

            assertThat(first.get(20, TimeUnit.SECONDS)).isInstanceOf(Once.Processed.class);
        }
        assertThat(once(request("key"))).isInstanceOf(Once.Replayed.class);
    }

    @Test
    void whatProcessingThrewIsKeptWithoutWhatItWrote() {
        Once failed = once(request("key"), () -> {
            writeMarker();
            throw new IllegalStateException("no luck");
        });

        assertThat(failed).isEqualTo(new Once.Processed(FAILED));
        assertThat(once(request("key"))).isEqualTo(new Once.Replayed(FAILED));
        assertThat(markers()).isZero();
        assertThat(processed).hasValue(0);
    }

    /** PostgreSQL refuses every statement after a failed one, up to the savepoint. */
    @Test
    void aBrokenConstraintIsKeptToo() {
        Once failed = once(request("key"), () -> {
            writeMarker();
            writeMarker();
            return count();
        });

        assertThat(failed).isEqualTo(new Once.Processed(FAILED));
        assertThat(once(request("key"))).isEqualTo(new Once.Replayed(FAILED));
        assertThat(markers()).isZero();
    }

    /** As a method that takes part in the transaction does it, Spring marks it for rollback on the way out. */
    @Test
    void aFailureInsideAnInnerTransactionIsKeptToo() {
        Once failed = once(
                request("key"),
                () -> new TransactionTemplate(transactions).execute(status -> {
                    throw new IllegalStateException("no luck");
                }));

        assertThat(failed).isEqualTo(new Once.Processed(FAILED));
        assertThat(once(request("key"))).isEqualTo(new Once.Replayed(FAILED));
    }

    @Test
    void aFailureThatMayPassLeavesTheKeyNew() {
        assertThatThrownBy(() -> once(request("key"), () -> {
                    writeMarker();
                    throw new QueryTimeoutException("the database is slow");
                }))
                .isInstanceOf(QueryTimeoutException.class);

        assertThat(markers()).isZero();
        assertThat(once(request("key"))).isEqualTo(new Once.Processed(answer(201, "processed 1")));
    }

    @Test
    void aRequestThatWasNotProcessedLeavesTheKeyNew() {
        Answer refused = new Answer(422, "application/json", null, null, "not now", false);

        Once answered = once(request("key"), () -> {
            writeMarker();
            return refused;
        });

        assertThat(answered).isEqualTo(new Once.Processed(refused));
        assertThat(markers()).isZero();
        assertThat(once(request("key"))).isEqualTo(new Once.Processed(answer(201, "processed 1")));
    }

    @Test
    void aReplayHasCommittedAWriteBeforeItAnswers() {
        once(request("key"));
        String before = transactionThatWrote("key");

        once(request("key"));
        String after = transactionThatWrote("key");
        once(request("key"));

        assertThat(after).isNotEqualTo(before);
        assertThat(transactionThatWrote("key")).isNotEqualTo(after);
    }

    @Test
    void aReplayIsNotAnsweredWhereItCannotWrite() {
        once(request("key"));

        own().executeWithoutResult(status -> {
            jdbc.sql("SELECT FROM idempotency_keys WHERE customer = ? FOR UPDATE")
                    .param(caller)
                    .query()
                    .listOfRows();
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                assertThat(threads.submit(() -> once(request("key"))))
                        .failsWithin(Duration.ofSeconds(30))
                        .withThrowableThat()
                        .havingCause()
                        .isInstanceOf(DataAccessException.class);
            }
        });

        assertThat(once(request("key"))).isInstanceOf(Once.Replayed.class);
        assertThat(processed).hasValue(1);
    }

    @Test
    void anAnswerIsNotGivenInsideSomebodyElsesTransaction() {
        assertThatThrownBy(() -> own().execute(status -> once(request("key"))))
                .isInstanceOf(IllegalStateException.class);
        assertThat(processed).hasValue(0);
    }

    @Test
    void anExpiredKeyIsNewAtOnceAndThenStandsForItsNewAnswer() {
        once(request("key"));

        IdempotencyKeys justBefore = keysAfter(KEEP.minusMinutes(1));
        IdempotencyKeys after = keysAfter(KEEP.plusMinutes(1));

        assertThat(justBefore.once(request("key"), this::count, e -> FAILED)).isInstanceOf(Once.Replayed.class);
        assertThat(after.once(request("key"), this::count, e -> FAILED))
                .isEqualTo(new Once.Processed(answer(201, "processed 2")));
        assertThat(after.once(request("key"), this::count, e -> FAILED))
                .isEqualTo(new Once.Replayed(answer(201, "processed 2")));
    }

    @Test
    void expiredKeysAreDeletedSoManyAtATimeAndSharedOut() throws Exception {
        for (int i = 0; i < 12; i++) {
            once(request("key " + i));
        }
        // Older than those of any other test, so that these are the first to go.
        jdbc.sql("UPDATE idempotency_keys SET created_at = '2001-01-01' WHERE customer = ?")
                .param(caller)
                .update();
        once(request("fresh"));

        assertThat(keys(Duration.ZERO, 5).sweep()).isEqualTo(5);
        assertThat(stored()).isEqualTo(8);
        List<Future<Integer>> sweeps = new ArrayList<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 4; i++) {
                sweeps.add(threads.submit(() -> keys(Duration.ZERO, 5).sweep()));
            }
        }
        int swept = 0;
        for (Future<Integer> sweep : sweeps) {
            swept += sweep.get();
        }
        assertThat(swept).isEqualTo(7);
        assertThat(stored()).isEqualTo(1);
        assertThat(once(request("fresh"))).isInstanceOf(Once.Replayed.class);
    }

    /** A request that is about to replace an expired key holds its row; so does another instance's deletion. */
    @Test
    void aDeletionPassesOverWhatSomebodyHolds() {
        once(request("held"));
        once(request("free"));
        jdbc.sql("UPDATE idempotency_keys SET created_at = '2001-01-01' WHERE customer = ?")
                .param(caller)
                .update();

        own().executeWithoutResult(status -> {
            jdbc.sql("SELECT FROM idempotency_keys WHERE customer = ? AND key = 'held' FOR UPDATE")
                    .param(caller)
                    .query()
                    .listOfRows();
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                assertThat(threads.submit(() -> keys(Duration.ZERO, 5).sweep()))
                        .succeedsWithin(Duration.ofSeconds(20))
                        .isEqualTo(1);
            }
        });

        assertThat(stored()).isEqualTo(1);
    }

    @Test
    void anEntryOfTheVersionBeforeIsReplayedAsItWouldHaveDone() {
        UUID order = UUID.randomUUID();
        KeyedRequest request =
                KeyedRequest.of(caller, "key", "POST /api/orders", "content".getBytes(StandardCharsets.UTF_8));
        storeAsBefore(request, order);

        assertThat(once(request))
                .isEqualTo(new Once.Replayed(
                        new Answer(201, "application/json", "/api/orders/" + order, "\"1\"", "{}", true)));
    }

    /** It takes no lock; the primary key is what decides between it and this one. */
    @Test
    void theVersionBeforeMayTakeTheKeyMeanwhile() {
        Once answered = once(request("key"), () -> {
            writeMarker();
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                threads.submit(() -> storeAsBefore(request("key"), UUID.randomUUID()));
            }
            return count();
        });

        assertThat(answered).isEqualTo(new Once.InUse());
        assertThat(markers()).isZero();
    }

    private void storeAsBefore(KeyedRequest request, UUID order) {
        jdbc.sql("""
                INSERT INTO idempotency_keys (customer, key, request_hash, order_id, response, created_at)
                VALUES (?, ?, ?, ?, '{}', now())""")
                .params(request.caller(), request.key(), request.hash(), order)
                .update();
    }

    /** Something that can be written once. */
    private void writeMarker() {
        jdbc.sql("INSERT INTO products (sku, name, price, currency) VALUES (?, 'marker', 1, 'EUR')")
                .param(caller)
                .update();
    }

    private int markers() {
        return jdbc.sql("SELECT count(*) FROM products WHERE sku = ?")
                .param(caller)
                .query(Integer.class)
                .single();
    }

    private int stored() {
        return jdbc.sql("SELECT count(*) FROM idempotency_keys WHERE customer = ?")
                .param(caller)
                .query(Integer.class)
                .single();
    }

    private String transactionThatWrote(String key) {
        return jdbc.sql("SELECT xmin || ' ' || coalesce(replayed_at::text, '') FROM idempotency_keys"
                        + " WHERE customer = ? AND key = ?")
                .params(caller, key)
                .query(String.class)
                .single();
    }

    private TransactionTemplate own() {
        var template = new TransactionTemplate(transactions);
        template.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        return template;
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}

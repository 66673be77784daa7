package dev.meridian.orders.idempotency;

import static java.util.Objects.requireNonNull;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The keys that callers gave their requests, each with the answer that it got. A request is processed and its answer
 * kept in one transaction, so that there is never one without the other; see docs/adr/0007-idempotency.md.
 */
@Component
public class IdempotencyKeys {

    private static final Logger log = LoggerFactory.getLogger(IdempotencyKeys.class);

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final IdempotencySettings settings;
    private final Clock clock;

    IdempotencyKeys(
            JdbcClient jdbc, PlatformTransactionManager transactions, IdempotencySettings settings, Clock clock) {
        this.jdbc = jdbc;
        this.transaction = new TransactionTemplate(transactions);
        this.settings = settings;
        this.clock = clock;
    }

    /**
     * Processes the request, unless its key stands for an answer already. Does not wait for another request under the
     * key. What is returned has committed: also a replay writes, so that it is held to the same rules of commit as the
     * first answer was, and acknowledges nothing that a failover could still lose.
     *
     * @param processing joins the transaction; what it throws is kept as an answer too, unless the database may have
     *     failed only for now
     * @param failure the answer to what processing threw; all writes are undone by then, and a transaction of its own
     *     keeps the answer, unless another request under the key was first
     * @throws DataAccessException or TransactionException, where the database failed: nothing was stored
     * @throws IllegalStateException inside another transaction, whose commit would come after the answer
     */
    public Once once(KeyedRequest request, Supplier<Answer> processing, Function<RuntimeException, Answer> failure) {
        if (TransactionSynchronizationManager.isActualTransactionActive()) {
            throw new IllegalStateException("An answer under a key commits by itself");
        }
        try {
            return commit(request, processing);
        } catch (Undone undone) {
            Answer answer = failure.apply(undone.why);
            return commit(request, () -> answer);
        }
    }

    private Once commit(KeyedRequest request, Supplier<Answer> processing) {
        return requireNonNull(transaction.execute(status -> {
            Instant now = clock.instant();
            Claim claim = claim(request, now);
            if (!claim.obtained) {
                return new Once.InUse();
            }
            Entry known = claim.known;
            if (known != null) {
                if (!request.asks(known.operation, known.hash)) {
                    return new Once.Reused();
                }
                return touch(request, now) ? new Once.Replayed(known.answer) : new Once.InUse();
            }
            Answer answer = process(processing);
            if (!answer.kept()) {
                status.setRollbackOnly();
                return new Once.Processed(answer);
            }
            if (!keep(request, answer, now)) {
                status.setRollbackOnly();
                return new Once.InUse();
            }
            return new Once.Processed(answer);
        }));
    }

    /** Undoes the transaction of a request whose processing failed for good. */
    private static final class Undone extends RuntimeException {

        private static final long serialVersionUID = 1;

        private final RuntimeException why;

        Undone(RuntimeException why) {
            super(why);
            this.why = why;
        }
    }

    private static Answer process(Supplier<Answer> processing) {
        try {
            return processing.get();
        } catch (RuntimeException e) {
            throw mayPass(e) ? e : new Undone(e);
        }
    }

    /** Whether the same request may succeed later. Of the database's failures only a broken constraint surely stays. */
    private static boolean mayPass(RuntimeException e) {
        return (e instanceof DataAccessException && !(e instanceof DataIntegrityViolationException))
                || e instanceof TransactionException;
    }

    private record Entry(String operation, byte[] hash, Answer answer) {}

    /** @param known what the key stands for; null where it is new */
    private record Claim(boolean obtained, @Nullable Entry known) {}

    /**
     * Takes the key for the length of this transaction, which ends with its process at the latest, and looks it up. Two
     * keys of one hash would only keep each other waiting. What the lookup sees may be older than the lock by a moment,
     * in which somebody else stored an answer: {@link #keep} notices. The transaction waits for no lock of a row for
     * longer than two seconds.
     */
    private Claim claim(KeyedRequest request, Instant now) {
        // The version before V3 kept the order's id in place of the location.
        return jdbc.sql("""
                SELECT pg_try_advisory_xact_lock(hashtextextended(:key, hashtextextended(:caller, 0))) AS obtained,
                       operation, request_hash, status, content_type,
                       coalesce(location, '/api/orders/' || order_id) AS location, etag, response
                FROM set_config('lock_timeout', '2s', true)
                LEFT JOIN idempotency_keys ON customer = :caller AND key = :key AND created_at > :expiry""")
                .param("key", request.key())
                .param("caller", request.caller())
                .param("expiry", expiry(now))
                .query((row, n) ->
                        new Claim(row.getBoolean("obtained"), row.getString("operation") == null ? null : entry(row)))
                .single();
    }

    private static Entry entry(ResultSet row) throws SQLException {
        return new Entry(
                row.getString("operation"),
                row.getBytes("request_hash"),
                new Answer(
                        row.getInt("status"),
                        row.getString("content_type"),
                        row.getString("location"),
                        row.getString("etag"),
                        row.getString("response"),
                        true));
    }

    /** @return false where the key has expired and gone meanwhile */
    private boolean touch(KeyedRequest request, Instant now) {
        return jdbc.sql("UPDATE idempotency_keys SET replayed_at = ? WHERE customer = ? AND key = ?")
                        .params(at(now), request.caller(), request.key())
                        .update()
                == 1;
    }

    /**
     * The primary key decides, whatever locks were taken: an expired entry is replaced, and no other.
     *
     * @return false where somebody without the lock, as the version before V3 is, has stored an answer meanwhile
     */
    private boolean keep(KeyedRequest request, Answer answer, Instant now) {
        return jdbc.sql("""
                INSERT INTO idempotency_keys AS known
                       (customer, key, operation, request_hash, status, content_type, location, etag, response,
                        created_at, order_id)
                VALUES (:caller, :key, :operation, :hash, :status, :contentType, :location, :etag, :body,
                        :now, substring(:location::text from '^/api/orders/([0-9a-f-]{36})$')::uuid)
                ON CONFLICT (customer, key) DO UPDATE
                SET operation = excluded.operation, request_hash = excluded.request_hash, status = excluded.status,
                    content_type = excluded.content_type, location = excluded.location, etag = excluded.etag,
                    response = excluded.response, created_at = excluded.created_at, order_id = excluded.order_id,
                    replayed_at = NULL
                WHERE known.created_at <= :expiry""")
                        .param("caller", request.caller())
                        .param("key", request.key())
                        .param("operation", request.operation())
                        .param("hash", request.hash())
                        .param("status", answer.status())
                        .param("contentType", answer.contentType())
                        .param("location", answer.location())
                        .param("etag", answer.etag())
                        .param("body", answer.body())
                        .param("now", at(now))
                        .param("expiry", expiry(now))
                        .update()
                == 1;
    }

    /**
     * Deletes expired keys, oldest first and a bounded number at a time. Several instances share the work: what one is
     * about to delete, or a request about to replace, the others pass over.
     *
     * @return how many went
     */
    int sweep() {
        return jdbc.sql("""
                DELETE FROM idempotency_keys WHERE (customer, key) IN (
                    SELECT customer, key FROM idempotency_keys WHERE created_at <= ?
                    ORDER BY created_at LIMIT ? FOR UPDATE SKIP LOCKED)""")
                .params(expiry(clock.instant()), settings.sweepBatch())
                .update();
    }

    @Scheduled(fixedDelayString = "${meridian.idempotency.sweep}", initialDelayString = "${meridian.idempotency.sweep}")
    void sweepRegularly() {
        try {
            sweep();
        } catch (DataAccessException e) {
            log.warn("Expired idempotency keys stay until the next sweep: {}", e.getMessage());
        }
    }

    private OffsetDateTime expiry(Instant now) {
        return at(now.minus(settings.keep()));
    }

    private static OffsetDateTime at(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }
}

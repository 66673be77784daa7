package dev.meridian.orders.order;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The keys that customers gave their requests, each with the answer that it got. */
@Repository
class IdempotencyKeys {

    private final JdbcClient jdbc;

    IdempotencyKeys(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /**
     * @param requestHash tells a repetition from another request under the same key; see {@link #hash}
     * @param response the body of the first answer
     */
    record Entry(byte[] requestHash, UUID orderId, String response) {}

    /**
     * Takes the key, for the length of the transaction at first. Waits for another transaction that holds it.
     *
     * @return false where the key is taken
     */
    @Transactional(propagation = Propagation.MANDATORY)
    boolean claim(String customer, String key, Entry entry, Instant now) {
        return jdbc.sql("""
                        INSERT INTO idempotency_keys (customer, key, request_hash, order_id, response, created_at)
                        VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""")
                        .params(
                                customer,
                                key,
                                entry.requestHash,
                                entry.orderId,
                                entry.response,
                                now.atOffset(ZoneOffset.UTC))
                        .update()
                == 1;
    }

    Optional<Entry> find(String customer, String key) {
        return jdbc.sql("SELECT request_hash, order_id, response FROM idempotency_keys WHERE customer = ? AND key = ?")
                .params(customer, key)
                .query((row, n) -> new Entry(
                        row.getBytes("request_hash"), row.getObject("order_id", UUID.class), row.getString("response")))
                .optional();
    }

    /** The SHA-256 of a request's canonical JSON: white space and the order of fields make no difference. */
    static byte[] hash(byte[] canonicalJson) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(canonicalJson);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}

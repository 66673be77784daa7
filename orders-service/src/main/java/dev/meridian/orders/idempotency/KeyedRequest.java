package dev.meridian.orders.idempotency;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * A request under a key that its caller chose. Two requests under one key are the same request where their operation
 * and their content are the same.
 *
 * @param caller whose key it is; another caller's key of the same name is another key
 * @param key the caller's own name for the request
 * @param operation method and path, as in {@code POST /api/orders}
 * @param hash the SHA-256 of the request's content in a canonical form
 */
public record KeyedRequest(String caller, String key, String operation, byte[] hash) {

    /** @param content canonical: requests that mean the same have the same bytes */
    public static KeyedRequest of(String caller, String key, String operation, byte[] content) {
        try {
            return new KeyedRequest(
                    caller, key, operation, MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    boolean asks(String otherOperation, byte[] otherHash) {
        return operation.equals(otherOperation) && Arrays.equals(hash, otherHash);
    }
}

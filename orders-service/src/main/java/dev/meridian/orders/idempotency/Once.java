package dev.meridian.orders.idempotency;

/** What becomes of a request that is to be processed once. */
public sealed interface Once {

    /** This request was processed, and has committed. */
    record Processed(Answer answer) implements Once {}

    /** An earlier request under the key was; this is its answer. */
    record Replayed(Answer answer) implements Once {}

    /** A request under the key is being processed at this moment. */
    record InUse() implements Once {}

    /** The key belongs to an earlier request that asked for something else. */
    record Reused() implements Once {}
}

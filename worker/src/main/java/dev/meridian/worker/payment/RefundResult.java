package dev.meridian.worker.payment;

public sealed interface RefundResult {

    /** What was charged went back, now or when this was asked before. */
    record Refunded() implements RefundResult {}

    /** There is nothing to give back, and there will be nothing. */
    record NothingCharged() implements RefundResult {}
}

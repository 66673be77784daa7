package dev.meridian.worker.queue;

import org.jspecify.annotations.Nullable;

/** An event with the trace that it belongs to: a well-formed W3C {@code traceparent}, or none. */
public record Received<E extends OrderEvent>(
        E event, @Nullable String traceparent) {}

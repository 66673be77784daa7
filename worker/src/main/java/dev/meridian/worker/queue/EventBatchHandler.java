package dev.meridian.worker.queue;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Handles one type of event from the queue, many at a time. To take in another type, add another bean of this kind.
 *
 * @param <E> what the JSON of the event is read as
 */
public interface EventBatchHandler<E extends EventBatchHandler.OrderEvent> {

    /** An event that tells of one order. */
    interface OrderEvent {

        UUID orderId();
    }

    /**
     * Where the events come from.
     *
     * @param type the CloudEvents type
     */
    record Source<E extends OrderEvent>(String topic, String type, Class<E> event) {}

    /** An event with the trace that it belongs to: a well-formed W3C {@code traceparent}, or none. */
    record Received<E extends OrderEvent>(E event, @Nullable String traceparent) {}

    Source<E> source();

    /**
     * Handles the events, each of another order. An event may be delivered several times, even at the same time, and
     * after any part of an earlier handling.
     *
     * @return the orders whose events failed, each with the reason: these are tried again later, and end as dead
     *     letters. All others are done with for ever.
     * @throws DependencyUnavailable when nothing can succeed for now: the whole batch is delivered again
     * @throws RuntimeException when any other failure stopped the batch: it is tried again in halves, until the event
     *     that causes it is alone and fails by itself
     */
    Map<UUID, String> handle(List<Received<E>> batch);
}

package dev.meridian.worker.queue;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Handles one type of event from the queue. To take in another type, add another bean of this kind. */
public interface EventHandler {

    /** The topic that carries the event; {@code meridian.queue.consumers} says how many take from it. */
    String topic();

    /** The CloudEvents type. */
    String type();

    /**
     * Handles the event; a normal return accepts it for ever. One event may be delivered several times, even at
     * the same time.
     *
     * @throws UnreadableEvent when no delivery of it can ever succeed: it becomes a dead letter at once
     * @throws Outage when nothing can succeed for now, this event or any other: it is tried again in place, and
     *     no delivery is used up. Spring's exceptions for a database that cannot be used count as such.
     * @throws RuntimeException any other failure is this event's own: it is delivered again after a delay that
     *     grows, and becomes a dead letter when the queue's delivery limit is reached
     */
    void handle(ConsumerRecord<String, byte[]> record);
}

package dev.meridian.worker.queue;

import java.util.UUID;

/** An event that tells of one order. */
public interface OrderEvent {

    UUID orderId();
}

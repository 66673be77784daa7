package dev.meridian.worker.queue;

/** The queue would lose orders as it is set up. */
class QueueMisconfigured extends RuntimeException {

    QueueMisconfigured(String message) {
        super(message);
    }
}

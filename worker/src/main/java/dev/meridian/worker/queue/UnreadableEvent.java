package dev.meridian.worker.queue;

import org.jspecify.annotations.Nullable;

/** A record that is not the event it should be. */
public class UnreadableEvent extends RuntimeException {

    public UnreadableEvent(String message) {
        this(message, null);
    }

    public UnreadableEvent(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

package dev.meridian.worker.queue;

import org.jspecify.annotations.Nullable;

/** The database or the broker cannot be used now. That says nothing about the events at hand. */
public class DependencyUnavailable extends RuntimeException {

    public DependencyUnavailable(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

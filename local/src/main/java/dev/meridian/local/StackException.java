package dev.meridian.local;

import org.jspecify.annotations.Nullable;

/** The stack cannot do what was asked; the message is one line for whoever asked. */
public final class StackException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    StackException(String message) {
        super(message);
    }

    StackException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

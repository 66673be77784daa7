package dev.meridian.local;

/** What a component's process is doing, as seen from outside. */
public enum ComponentState {
    /** Runs and answers. */
    UP,
    /** Does not run, or runs and does not answer (yet). */
    DOWN,
    /** Stopped by SIGSTOP: alive, silent, its connections open. */
    PAUSED
}

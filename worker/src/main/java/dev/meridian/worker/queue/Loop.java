package dev.meridian.worker.queue;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a thread does again and again until the process ends. It waits longer after each failure, with one line in the
 * log when failures begin and one when they are over.
 */
final class Loop {

    private static final Logger log = LoggerFactory.getLogger(Loop.class);

    private final String name;
    private final QueueSettings settings;
    private final CountDownLatch stopping;
    private volatile int failures;
    private long failingSince;

    /**
     * @param name what is done, as the subject of a sentence in the log
     * @param stopping ends the loop, and all its waiting
     */
    Loop(String name, QueueSettings settings, CountDownLatch stopping) {
        this.name = name;
        this.settings = settings;
        this.stopping = stopping;
    }

    /** @param round tells when it {@link #succeeded} */
    void repeat(Runnable round) {
        while (!isStopping()) {
            try {
                round.run();
            } catch (RuntimeException | Error e) {
                failed(e);
            }
        }
    }

    /** Waits before the next attempt, longer after each failure. */
    void failed(Throwable failure) {
        int count = failures + 1;
        failures = count;
        if (count == 1) {
            failingSince = System.nanoTime();
            log.warn("{} fails and tries again: {} ({})", name, failure.toString(), String.valueOf(failure.getCause()));
        }
        log.debug("Failure {} of {}", count, name, failure);
        pause(settings.delayAfter(count));
    }

    void succeeded() {
        if (failures > 0) {
            failures = 0;
            log.info("{} works again after {} ms", name, (System.nanoTime() - failingSince) / 1_000_000);
        }
    }

    void pause(Duration duration) {
        try {
            stopping.await(duration.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean isFailing() {
        return failures > 0;
    }

    boolean isStopping() {
        return stopping.getCount() == 0;
    }
}

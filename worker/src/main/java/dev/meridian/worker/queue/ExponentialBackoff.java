package dev.meridian.worker.queue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Slows a loop down while it fails, with one line in the log when that begins and one when it is over. For one thread.
 */
final class ExponentialBackoff {

    private static final Logger log = LoggerFactory.getLogger(ExponentialBackoff.class);

    private final String loop;
    private final Delays delays;
    private final CountDownLatch stopping;
    private volatile int failures;
    private long failingSince;

    /** @param stopping ends all waiting */
    ExponentialBackoff(String loop, Delays delays, CountDownLatch stopping) {
        this.loop = loop;
        this.delays = delays;
        this.stopping = stopping;
    }

    /** Waits before the next attempt, longer after each failure. */
    void failed(Throwable failure) {
        int count = failures + 1;
        failures = count;
        if (count == 1) {
            failingSince = System.nanoTime();
            log.warn("{} fails and tries again: {} ({})", loop, failure.toString(), String.valueOf(failure.getCause()));
        }
        log.debug("Failure {} of {}", count, loop, failure);
        sleep(delays.after(count).toMillis());
    }

    void succeeded() {
        if (failures > 0) {
            failures = 0;
            log.info("{} works again after {} ms", loop, (System.nanoTime() - failingSince) / 1_000_000);
        }
    }

    boolean isFailing() {
        return failures > 0;
    }

    /** Waits, unless everything ends. */
    void sleep(long millis) {
        try {
            boolean ignored = stopping.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

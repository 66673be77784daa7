package dev.meridian.orders.outbox;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;

/** A relay's thread. It stops after the web server has, so that the last orders leave with their instance. */
abstract class RelayThread implements SmartLifecycle {

    /** Long enough for one batch that Kafka does not acknowledge. */
    private static final Duration END = Duration.ofSeconds(12);

    private final String name;
    private volatile @Nullable Thread thread;

    RelayThread(String name) {
        this.name = name;
    }

    /** Works as long as the relay {@link #isRunning}, and then does what is left to do. */
    abstract void run() throws InterruptedException;

    @Override
    public void start() {
        Thread starting = Thread.ofPlatform().daemon().name(name).unstarted(() -> {
            try {
                run();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        thread = starting;
        starting.start();
    }

    @Override
    public void stop() {
        Thread running = thread;
        thread = null;
        if (running != null) {
            try {
                running.join(END);
                running.interrupt();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }

    @Override
    public int getPhase() {
        return 0;
    }
}

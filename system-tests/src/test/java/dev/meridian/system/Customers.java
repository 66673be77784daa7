package dev.meridian.system;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Customers that place orders at a steady pace until they are told to stop. One that gets no 201 sends the same order
 * again with the same key, after a short pause, until it does.
 */
final class Customers implements AutoCloseable {

    private static final Duration GIVE_UP = Duration.ofSeconds(60);

    /**
     * @param attempts how often it was sent
     * @param troubled how long it took from the first failure to the answer; zero where there was none
     */
    record Placed(String key, String id, int attempts, Duration troubled) {}

    private final Shop shop;
    private final String body;
    private final Duration pause;
    private final ExecutorService threads;
    private final List<Placed> placed = Collections.synchronizedList(new ArrayList<>());
    private final List<String> givenUp = Collections.synchronizedList(new ArrayList<>());
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean stop;

    private Customers(Shop shop, String body, int count, Duration pause) {
        this.shop = shop;
        this.body = body;
        this.pause = pause;
        this.threads = Executors.newFixedThreadPool(count);
    }

    /** So many customers, each of whom pauses that long after each order. */
    static Customers placing(Shop shop, String body, int count, Duration pause) {
        Customers customers = new Customers(shop, body, count, pause);
        for (int i = 0; i < count; i++) {
            customers.threads.submit(customers::shopUntilStopped);
        }
        return customers;
    }

    private void shopUntilStopped() {
        try {
            while (!stop) {
                placeOne();
                sleep(pause);
            }
        } catch (RuntimeException | AssertionError e) {
            failure.compareAndSet(null, e);
        }
    }

    private void placeOne() {
        String key = UUID.randomUUID().toString();
        Instant failedFirst = Instant.MAX;
        Instant end = Instant.now().plus(GIVE_UP);
        for (int attempt = 1; Instant.now().isBefore(end); attempt++) {
            Shop.Answer answer = Shop.trySend(shop.asMe("/api/orders")
                    .header("Content-Type", "application/json")
                    .header("Idempotency-Key", key)
                    .POST(java.net.http.HttpRequest.BodyPublishers.ofString(body)));
            if (answer != null && answer.status() == 201) {
                Duration troubled = attempt == 1 ? Duration.ZERO : Duration.between(failedFirst, Instant.now());
                placed.add(new Placed(key, answer.status("/id"), attempt, troubled));
                return;
            }
            if (attempt == 1) {
                failedFirst = Instant.now();
            }
            sleep(Duration.ofMillis(ThreadLocalRandom.current().nextLong(50, 150)));
        }
        givenUp.add(key);
    }

    /** Waits until so many more orders were taken. */
    void placeMore(int orders) {
        int goal = placed.size() + orders;
        await(orders + " more orders").atMost(GIVE_UP).until(() -> placed.size() >= goal);
    }

    List<Placed> placed() {
        return List.copyOf(placed);
    }

    /** Lets every customer finish the order in hand. @throws IllegalStateException where one could not */
    List<Placed> finish() {
        stop = true;
        threads.shutdown();
        try {
            if (!threads.awaitTermination(GIVE_UP.toSeconds() + 10, TimeUnit.SECONDS)) {
                throw new IllegalStateException("Customers hang");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (failure.get() != null) {
            throw new IllegalStateException("A customer failed", failure.get());
        }
        if (!givenUp.isEmpty()) {
            throw new IllegalStateException("Never answered: " + givenUp);
        }
        return placed();
    }

    private static void sleep(Duration pause) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stop = true;
        threads.shutdownNow();
    }
}

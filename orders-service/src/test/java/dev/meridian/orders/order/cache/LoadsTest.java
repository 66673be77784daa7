package dev.meridian.orders.order.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.meridian.orders.database.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LoadsTest {

    private static final Duration SOON = Duration.ofSeconds(10);

    private record Call(
            @Nullable Position required, @Nullable String lease) {}

    private final UUID id = UUID.randomUUID();
    private final List<Call> calls = new CopyOnWriteArrayList<>();
    private final Semaphore mayRead = new Semaphore(0);
    private final Semaphore mayEnd = new Semaphore(0);
    private final AtomicLong newest = new AtomicLong(1);
    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();

    private final Loads loads = new Loads((any, required, lease) -> {
        calls.add(new Call(required, lease));
        mayRead.acquireUninterruptibly();
        long version = newest.get();
        mayEnd.acquireUninterruptibly();
        return Optional.of(new OrderCache.Entry(version, "alice", "{}", false, null, null));
    });

    @AfterEach
    void end() {
        callers.shutdownNow();
    }

    private Future<Long> load(@Nullable Position required, @Nullable String lease) {
        return callers.submit(
                () -> loads.load(id, required, lease).orElseThrow().version());
    }

    private void running(int loads) {
        await().atMost(SOON).until(() -> calls.size() == loads);
    }

    /** The next caller is in its place before the one after it comes. */
    private Future<Long> joining(@Nullable Position required, @Nullable String lease) {
        List<Thread> waiting = new CopyOnWriteArrayList<>();
        Future<Long> load = callers.submit(() -> {
            waiting.add(Thread.currentThread());
            return loads.load(id, required, lease).orElseThrow().version();
        });
        await().atMost(SOON)
                .until(() -> !waiting.isEmpty() && waiting.getFirst().getState() == Thread.State.TIMED_WAITING);
        return load;
    }

    @Test
    void aCallerNeverJoinsALoadThatHasBegun() throws Exception {
        Future<Long> first = load(null, null);
        running(1);
        mayRead.release();
        await().atMost(SOON).until(() -> mayRead.availablePermits() == 0);
        await().atMost(SOON).until(() -> mayEnd.hasQueuedThreads());

        newest.set(2); // and the second caller was shown it
        Future<Long> second = joining(null, null);
        mayEnd.release(2);
        mayRead.release();

        assertThat(first.get(10, TimeUnit.SECONDS)).isEqualTo(1);
        assertThat(second.get(10, TimeUnit.SECONDS)).isEqualTo(2);
    }

    @Test
    void allWhoWaitShareOneLoadThatHasWhatEachOfThemNeeds() throws Exception {
        Future<Long> first = load(null, "lease-0");
        running(1);
        List<Future<Long>> others = new ArrayList<>();
        others.add(joining(new Position(1, 10), "lease-1"));
        others.add(joining(new Position(1, 30), "lease-2"));
        others.add(joining(new Position(1, 20), null));
        mayRead.release(10);
        mayEnd.release(10);

        first.get(10, TimeUnit.SECONDS);
        for (Future<Long> other : others) {
            other.get(10, TimeUnit.SECONDS);
        }
        assertThat(calls).containsExactly(new Call(null, "lease-0"), new Call(new Position(1, 30), "lease-2"));
    }

    @Test
    void aFailureIsEverybodysAndTheNextLoadIsNew() throws Exception {
        var failing = new Loads((any, required, lease) -> {
            calls.add(new Call(required, lease));
            mayRead.acquireUninterruptibly();
            if (calls.size() < 3) {
                throw new IllegalStateException("no database");
            }
            return Optional.empty();
        });
        Future<?> first = callers.submit(() -> failing.load(id, null, null));
        running(1);
        Future<?> second = callers.submit(() -> failing.load(id, null, null));
        mayRead.release(2);

        assertThatThrownBy(() -> first.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("no database");
        assertThatThrownBy(() -> second.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("no database");
        mayRead.release();
        assertThat(failing.load(id, null, null)).isEmpty();
    }

    @Test
    void aLoadThatTakesTooLongHoldsNobodyUp() throws Exception {
        Future<Long> stuck = load(null, null);
        running(1);
        Future<Long> next = load(null, null);
        running(2); // although the first has not ended
        mayRead.release(2);
        mayEnd.release(2);

        assertThat(next.get(10, TimeUnit.SECONDS)).isEqualTo(1);
        assertThat(stuck.get(10, TimeUnit.SECONDS)).isEqualTo(1);
    }
}

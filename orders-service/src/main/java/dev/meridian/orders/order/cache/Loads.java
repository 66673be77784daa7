package dev.meridian.orders.order.cache;

import dev.meridian.orders.database.Position;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Lets many callers who miss the same order share its loading: at most one load of an order runs, and one waits for it.
 * A caller joins the one that waits and never the one that runs: that may have read already, and so before something
 * that the caller was shown.
 */
final class Loads {

    /** Whoever waits for longer loads alone. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Map<UUID, Queue> queues = new ConcurrentHashMap<>();
    private final Loader loader;

    /** Reads the order from the database. */
    @FunctionalInterface
    interface Loader {

        /**
         * @param required the state must not be one from before this
         * @param lease the latest of those that were given to the callers; null where none was
         */
        Optional<OrderCache.Entry> load(UUID id, @Nullable Position required, @Nullable String lease);
    }

    Loads(Loader loader) {
        this.loader = loader;
    }

    private static final class Load {

        private @Nullable Position required;
        private @Nullable String lease;
        private final CompletableFuture<Optional<OrderCache.Entry>> result = new CompletableFuture<>();

        /** Only before it runs, and while its queue is locked. */
        void join(@Nullable Position position, @Nullable String given) {
            required = Position.later(required, position);
            lease = given == null ? lease : given;
        }
    }

    private static final class Queue {
        private @Nullable Load running;
        private @Nullable Load waiting;
    }

    /** What a caller found: the load that it is part of, and the one that goes before. */
    private static final class Turn {
        private Load load;
        private @Nullable Load before;

        Turn(Load load) {
            this.load = load;
        }
    }

    /** @throws RuntimeException that of the load, also where it was another caller's */
    Optional<OrderCache.Entry> load(UUID id, @Nullable Position required, @Nullable String lease) {
        var own = new Load();
        own.join(required, lease);
        var turn = new Turn(own);
        queues.compute(id, (any, known) -> {
            Queue queue = known == null ? new Queue() : known;
            if (queue.running == null && queue.waiting == null) {
                queue.running = own;
            } else if (queue.waiting == null) {
                queue.waiting = own;
                turn.before = queue.running;
            } else {
                queue.waiting.join(required, lease);
                turn.load = queue.waiting;
            }
            return queue;
        });
        if (turn.load != own) {
            return outcome(turn.load).orElseGet(() -> loader.load(id, required, lease));
        }
        if (turn.before != null) {
            await(turn.before);
            queues.computeIfPresent(id, (any, queue) -> {
                queue.running = own; // from here on nobody joins
                queue.waiting = null;
                return queue;
            });
        }
        return run(id, own);
    }

    private Optional<OrderCache.Entry> run(UUID id, Load own) {
        try {
            Optional<OrderCache.Entry> found = loader.load(id, own.required, own.lease);
            own.result.complete(found);
            return found;
        } catch (RuntimeException | Error e) {
            own.result.completeExceptionally(e);
            throw e;
        } finally {
            queues.computeIfPresent(id, (any, queue) -> {
                if (queue.running == own) {
                    queue.running = null;
                }
                return queue.running == null && queue.waiting == null ? null : queue;
            });
        }
    }

    /** Nothing where it takes too long. */
    private static Optional<Optional<OrderCache.Entry>> outcome(Load load) {
        try {
            return Optional.of(load.result.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private static void await(Load load) {
        try {
            load.result.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            // It is over, or has had its time: the next one begins.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

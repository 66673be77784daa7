package dev.meridian.orders.live;

import dev.meridian.orders.order.cache.SingleOrder;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** What one stream waits for: its order's final state, and the stream's end. Neither future ever fails. */
public final class Subscription implements Subscriptions.Opening, AutoCloseable {

    private final UUID orderId;
    private final String subject;
    private final Subscriptions subscriptions;
    private final CompletableFuture<SingleOrder> finalOrder = new CompletableFuture<>();
    private final CompletableFuture<Boolean> end = new CompletableFuture<>();

    Subscription(UUID orderId, String subject, Subscriptions subscriptions) {
        this.orderId = orderId;
        this.subject = subject;
        this.subscriptions = subscriptions;
    }

    UUID orderId() {
        return orderId;
    }

    String subject() {
        return subject;
    }

    public CompletableFuture<SingleOrder> finalOrder() {
        return finalOrder;
    }

    /** Done once the stream should end: it broke off, or the instance stops. */
    public CompletableFuture<?> ended() {
        return end;
    }

    /** @return whether it had not ended before */
    public boolean end() {
        return end.complete(true);
    }

    /** Gives its place to another; may be called more than once. */
    @Override
    public void close() {
        end();
        subscriptions.remove(this);
    }
}

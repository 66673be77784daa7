package dev.meridian.orders.live.web;

import dev.meridian.orders.live.LiveSettings;
import dev.meridian.orders.live.Subscription;
import dev.meridian.orders.order.cache.SingleOrder;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter.SseEventBuilder;

/**
 * Writes the streams, each event in a virtual thread of its own: a client that does not read holds up only its own. How
 * long it may do that is Tomcat's time-out of a blocked write ({@code server.tomcat.connection-timeout}). The container
 * ends a stream that broke off or has had its time.
 */
@Component
class SseStreams {

    /**
     * The first silence after an order's final state, doubled until it is the usual one. Many clients leave then, and
     * their going shows in the second write after it only: the first is answered by their side's reset.
     */
    private static final Duration FAREWELL = Duration.ofSeconds(1);

    private static final MediaType TEXT = new MediaType("text", "plain", StandardCharsets.UTF_8);
    private static final Executor THREADS = Thread::startVirtualThread;

    private final LiveSettings settings;
    private final Counter slow;

    SseStreams(LiveSettings settings, MeterRegistry metrics) {
        this.settings = settings;
        this.slow = metrics.counter("meridian.live.cut", "reason", "slow");
    }

    /**
     * Starts a stream. Its end closes the subscription.
     *
     * @param order the state to begin with
     * @param known whether the client has that state
     * @param lifetime how long the stream lasts at most
     */
    SseEmitter start(Subscription subscription, SingleOrder order, boolean known, Duration lifetime)
            throws IOException {
        var emitter = new SseEmitter(Math.max(1, lifetime.toMillis())); // nothing would be for ever
        emitter.onTimeout(emitter::complete);
        emitter.onCompletion(subscription::close);
        emitter.send(SseEmitter.event().reconnectTime(retryMillis()));
        if (!known) {
            emitter.send(event(order));
        }
        if (!order.isFinal()) {
            subscription.finalOrder().thenAcceptAsync(changed -> sendFinal(subscription, emitter, changed), THREADS);
        }
        fillSilence(subscription, emitter, order.isFinal() ? FAREWELL : settings.heartbeat());
        subscription.ended().thenRunAsync(emitter::complete, THREADS);
        return emitter;
    }

    /** Clients that lost their streams together should not come back together. */
    private long retryMillis() {
        long least = settings.retry().toMillis();
        return ThreadLocalRandom.current().nextLong(least, 2 * least + 1);
    }

    private static SseEventBuilder event(SingleOrder order) {
        return SseEmitter.event()
                .id(Long.toString(order.version()))
                .name("order")
                .data(order.json(), TEXT);
    }

    private void sendFinal(Subscription subscription, SseEmitter emitter, SingleOrder order) {
        if (send(subscription, emitter, event(order))) {
            fillSilence(subscription, emitter, FAREWELL);
        }
    }

    /** By a comment after so long, and again and again until the stream has ended. */
    private void fillSilence(Subscription subscription, SseEmitter emitter, Duration silence) {
        Duration pause = silence.compareTo(settings.heartbeat()) < 0 ? silence : settings.heartbeat();
        CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS, THREADS)
                .execute(() -> {
                    if (send(subscription, emitter, SseEmitter.event().comment(""))) {
                        fillSilence(subscription, emitter, pause.multipliedBy(2));
                    }
                });
    }

    /** @return whether the stream goes on */
    private boolean send(Subscription subscription, SseEmitter emitter, SseEventBuilder event) {
        try {
            emitter.send(event);
            return true;
        } catch (IOException | IllegalStateException e) {
            boolean brokenOff = subscription.end();
            if (brokenOff && NestedExceptionUtils.getMostSpecificCause(e) instanceof SocketTimeoutException) {
                slow.increment();
            }
            return false;
        }
    }
}

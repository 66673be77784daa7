package dev.meridian.orders.live.web;

import dev.meridian.orders.live.LiveSettings;
import dev.meridian.orders.live.Subscription;
import dev.meridian.orders.order.cache.SingleOrder;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/**
 * Writes the streams, each in a virtual thread of its own: a client that does not read holds up only its own. How
 * long it may do that is Tomcat's time-out of a blocked write ({@code server.tomcat.connection-timeout}).
 */
@Component
class SseStreams {

    private static final Logger log = LoggerFactory.getLogger(SseStreams.class);

    /**
     * The first silence after an order's final state, doubled until it is the usual one. Many clients leave then, and
     * their going shows in the second write after it only: the first is answered by their side's reset.
     */
    private static final Duration FAREWELL = Duration.ofSeconds(1);

    private static final MediaType TEXT = new MediaType("text", "plain", StandardCharsets.UTF_8);

    private final LiveSettings settings;
    private final Clock clock;
    private final Counter sent;
    private final Counter slow;
    private final Counter gone;

    SseStreams(LiveSettings settings, Clock clock, MeterRegistry metrics) {
        this.settings = settings;
        this.clock = clock;
        this.sent = metrics.counter("meridian.live.sent");
        this.slow = metrics.counter("meridian.live.cut", "reason", "slow");
        this.gone = metrics.counter("meridian.live.cut", "reason", "gone");
    }

    /**
     * Starts a stream. Its end closes the subscription.
     *
     * <p>What is sent here is written by the thread of the request, with the headers; another thread writes only after
     * that. Two threads at a response whose headers are still being written would spoil it.
     *
     * @param order the state to begin with
     * @param known whether the client has that state
     * @param end when the stream ends at the latest
     */
    SseEmitter start(Subscription subscription, SingleOrder order, boolean known, Instant end) throws IOException {
        var emitter = new SseEmitter(0L); // its end is the stream's, not the container's to decide
        emitter.onError(e -> subscription.end());
        emitter.onCompletion(subscription::end);
        emitter.send(SseEmitter.event().reconnectTime(retryMillis()));
        if (!known) {
            send(emitter, order);
        }
        Thread.ofVirtual().name("live").start(() -> write(emitter, subscription, order.isFinal(), end));
        return emitter;
    }

    /** Clients that lost their streams together should not come back together. */
    private long retryMillis() {
        long least = settings.retry().toMillis();
        return ThreadLocalRandom.current().nextLong(least, 2 * least + 1);
    }

    private void write(SseEmitter emitter, Subscription subscription, boolean isFinal, Instant end) {
        try (subscription) {
            if (!isFinal) {
                var change = CompletableFuture.anyOf(subscription.finalOrder(), subscription.ended());
                fillSilenceUntil(change, settings.heartbeat(), emitter, end);
                if (subscription.finalOrder().isDone()) {
                    send(emitter, subscription.finalOrder().join());
                }
            }
            fillSilenceUntil(subscription.ended(), shorter(FAREWELL, settings.heartbeat()), emitter, end);
            emitter.complete();
        } catch (IOException | RuntimeException | ExecutionException e) {
            log.debug("A stream broke off", e);
            (NestedExceptionUtils.getMostSpecificCause(e) instanceof SocketTimeoutException ? slow : gone).increment();
            abort(emitter, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Sends comments until the event or the stream's end, whichever is first. */
    private void fillSilenceUntil(CompletableFuture<?> event, Duration first, SseEmitter emitter, Instant end)
            throws IOException, ExecutionException, InterruptedException {
        Duration silence = first;
        Duration left = Duration.between(clock.instant(), end);
        while (!event.isDone() && left.isPositive()) {
            try {
                event.get(shorter(left, silence).toNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                emitter.send(SseEmitter.event().comment(""));
                silence = shorter(silence.multipliedBy(2), settings.heartbeat());
                left = Duration.between(clock.instant(), end);
            }
        }
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /** Ends the answer where the container has not noticed yet, so that none stays open without a writer. */
    private static void abort(SseEmitter emitter, Exception why) {
        try {
            emitter.completeWithError(why);
        } catch (IllegalStateException e) {
            log.debug("The container has ended it already", e);
        }
    }

    private void send(SseEmitter emitter, SingleOrder order) throws IOException {
        emitter.send(SseEmitter.event()
                .id(Long.toString(order.version()))
                .name("order")
                .data(order.json(), TEXT));
        sent.increment();
    }
}

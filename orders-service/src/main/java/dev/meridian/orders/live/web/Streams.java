package dev.meridian.orders.live.web;

import dev.meridian.orders.live.LiveSettings;
import dev.meridian.orders.live.OrderVersion;
import dev.meridian.orders.live.Watch;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/**
 * Writes the streams, each in a virtual thread of its own: a client that does not read holds up only its own. How
 * long it may do that is Tomcat's time-out of a blocked write ({@code server.tomcat.connection-timeout}).
 */
@Component
class Streams {

    private static final Logger log = LoggerFactory.getLogger(Streams.class);

    /**
     * The first silence after an order's last version, doubled until it is the usual one. Many clients leave then, and
     * their going shows in the second write after it only: the first is answered by their side's reset.
     */
    private static final Duration FAREWELL = Duration.ofSeconds(1);

    private static final MediaType TEXT = new MediaType("text", "plain", StandardCharsets.UTF_8);

    private final LiveSettings settings;
    private final Clock clock;
    private final Counter sent;
    private final Counter cut;
    private final Counter gone;

    Streams(LiveSettings settings, Clock clock, MeterRegistry metrics) {
        this.settings = settings;
        this.clock = clock;
        this.sent = Counter.builder("meridian.live.sent")
                .description("Order events that were written to streams")
                .register(metrics);
        this.cut = broken(metrics, "slow");
        this.gone = broken(metrics, "gone");
    }

    private static Counter broken(MeterRegistry metrics, String reason) {
        return Counter.builder("meridian.live.cut")
                .description("Streams that were cut: the client did not read in time, or was gone")
                .tag("reason", reason)
                .register(metrics);
    }

    /**
     * Starts to write it. The watch is closed when that ends, however it does.
     *
     * <p>What is sent here is written by the thread of the request, with the headers; another thread writes only after
     * that. Two threads at a response whose headers are still being written would spoil it.
     */
    SseEmitter run(Stream stream) throws IOException {
        var emitter = new SseEmitter(0L); // its end is the stream's, not the container's to decide
        emitter.onError(e -> stream.watch().end());
        emitter.onCompletion(stream.watch()::end);
        emitter.send(SseEmitter.event().reconnectTime(stream.retry().toMillis()));
        if (stream.first() != null) {
            send(emitter, stream.first());
        }
        Thread.ofVirtual().name("live").start(() -> write(stream, emitter));
        return emitter;
    }

    private void write(Stream stream, SseEmitter emitter) {
        try (Watch watch = stream.watch()) {
            Duration silence = silenceAfter(stream.first());
            while (true) {
                Duration left = Duration.between(clock.instant(), stream.end());
                if (!left.isPositive()) {
                    emitter.complete();
                    return;
                }
                switch (watch.next(shorter(left, silence))) {
                    case Watch.Next.Changed(OrderVersion version) -> {
                        send(emitter, version);
                        silence = silenceAfter(version);
                    }
                    case Watch.Next.Nothing() -> {
                        emitter.send(SseEmitter.event().comment(""));
                        silence = shorter(silence.multipliedBy(2), settings.heartbeat());
                    }
                    case Watch.Next.Ended() -> {
                        emitter.complete();
                        return;
                    }
                }
            }
        } catch (IOException | RuntimeException e) {
            log.debug("A stream broke off", e);
            (isTimeout(e) ? cut : gone).increment();
            abort(emitter, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Duration silenceAfter(@Nullable OrderVersion sent) {
        return sent != null && sent.settled() ? shorter(FAREWELL, settings.heartbeat()) : settings.heartbeat();
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /** What the container has not noticed yet it is told of, so that no answer stays open that nobody writes. */
    private static void abort(SseEmitter emitter, Exception why) {
        try {
            emitter.completeWithError(why);
        } catch (IllegalStateException e) {
            log.debug("The container has ended it already", e);
        }
    }

    private void send(SseEmitter emitter, OrderVersion version) throws IOException {
        emitter.send(SseEmitter.event()
                .id(Long.toString(version.number()))
                .name("order")
                .data(version.json(), TEXT));
        sent.increment();
    }

    private static boolean isTimeout(Throwable failure) {
        for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SocketTimeoutException) {
                return true;
            }
        }
        return false;
    }
}

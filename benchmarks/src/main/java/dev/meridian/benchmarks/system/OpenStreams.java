package dev.meridian.benchmarks.system;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Streams of order events, as browsers hold them: a connection each, and no thread. */
final class OpenStreams implements AutoCloseable {

    private static final Duration CONNECTING = Duration.ofSeconds(20);

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECTING)
            .build();
    private final URI origin;
    private final String authorization;
    private final AtomicInteger open = new AtomicInteger();

    OpenStreams(URI origin, String authorization) {
        this.origin = origin;
        this.authorization = authorization;
    }

    /** An event's data, and when it was here. */
    record Event(String data, Instant at) {}

    /**
     * Opens one.
     *
     * @param onEvent is told of each event, and answers whether to go on; else the stream is closed
     * @throws IOException when it is refused
     */
    void open(String orderId, Predicate<Event> onEvent) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(origin.resolve("/api/orders/" + orderId + "/events"))
                .header("Authorization", authorization)
                .header("Accept", "text/event-stream")
                .timeout(CONNECTING)
                .build();
        var answered = new CompletableFuture<Integer>();
        http.sendAsync(request, answer -> {
                    answered.complete(answer.statusCode());
                    return HttpResponse.BodySubscribers.fromLineSubscriber(new Lines(onEvent));
                })
                .whenComplete((answer, failure) -> {
                    if (failure != null) {
                        answered.completeExceptionally(failure);
                    }
                });
        int status;
        try {
            status = answered.get(CONNECTING.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("The stream of " + orderId + " does not open", e);
        }
        if (status != 200) {
            throw new IOException("The stream of " + orderId + " is answered " + status);
        }
    }

    private final class Lines implements Flow.Subscriber<String> {
        private final Predicate<Event> onEvent;
        private Flow.@Nullable Subscription subscription;

        Lines(Predicate<Event> onEvent) {
            this.onEvent = onEvent;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            this.subscription = subscription;
            open.incrementAndGet();
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(String line) {
            if (line.startsWith("data:")) {
                var mine = subscription;
                if (!onEvent.test(new Event(line.substring("data:".length()), Instant.now())) && mine != null) {
                    subscription = null;
                    open.decrementAndGet();
                    mine.cancel();
                }
            }
        }

        @Override
        public void onError(Throwable failure) {
            if (subscription != null) {
                open.decrementAndGet();
            }
        }

        @Override
        public void onComplete() {
            if (subscription != null) {
                open.decrementAndGet();
            }
        }
    }

    int open() {
        return open.get();
    }

    /** Ends all of them. */
    @Override
    public void close() {
        http.shutdownNow();
    }
}

package dev.meridian.benchmarks.overload;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;

/**
 * A service that works on so many requests at the same time, on each for so long, and lets all others wait: what it
 * takes per second is known, and does not depend on the machine.
 */
final class SlowService implements AutoCloseable {

    private static final byte[] ANSWER = "{}".getBytes(StandardCharsets.US_ASCII);

    private final Semaphore turns;
    private final Duration work;
    private final HttpServer server;

    SlowService(int atOnce, Duration work) throws IOException {
        this.turns = new Semaphore(atOnce, true);
        this.work = work;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_000);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::answer);
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            turns.acquire();
            try {
                Thread.sleep(work);
            } finally {
                turns.release();
            }
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, ANSWER.length);
            exchange.getResponseBody().write(ANSWER);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}

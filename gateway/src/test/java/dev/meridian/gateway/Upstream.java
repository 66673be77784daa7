package dev.meridian.gateway;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** A service as the gateway sees it: it tells what it was asked, and misbehaves on request. */
public class Upstream {

    private static final Pattern DEMANDED = Pattern.compile(".*/(?:status|page|mute)/(\\d{3})");

    public final List<String> asked = new CopyOnWriteArrayList<>();

    /** Whether it breaks off every answer. */
    public volatile boolean broken;

    private volatile CountDownLatch gate = new CountDownLatch(1);
    private final HttpServer server;
    private final String name;

    public Upstream(String name) {
        this.name = name;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::answer);
        server.start();
    }

    public int port() {
        return server.getAddress().getPort();
    }

    /** A port that nobody listens on. */
    public static int closedPort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        var path = exchange.getRequestURI().getPath();
        var body = exchange.getRequestBody().readAllBytes();
        asked.add(exchange.getRequestMethod() + " " + path);
        if (path.endsWith("/events")) {
            stream(exchange);
            return;
        }
        if (path.endsWith("/hang")) {
            sleep();
        }
        if (path.endsWith("/wait")) {
            waitForGate();
        }
        if (broken || path.endsWith("/break")) {
            exchange.close();
            return;
        }
        if (path.endsWith("/hops")) {
            exchange.getResponseHeaders().add("Connection", "X-Ending");
            for (var header : List.of("X-Ending", "Keep-Alive", "Upgrade", "X-Kept")) {
                exchange.getResponseHeaders().add(header, "value");
            }
        }
        var told = new StringBuilder(name + "\nbody " + body.length + "\n");
        exchange.getRequestHeaders()
                .forEach((header, values) -> values.forEach(
                        value -> told.append(header).append(": ").append(value).append('\n')));
        var answer = told.toString().getBytes(StandardCharsets.UTF_8);
        int status = path.endsWith("/unready") || name.equals("unready") ? 503 : 200;
        var demanded = DEMANDED.matcher(path);
        if (demanded.matches()) {
            status = Integer.parseInt(demanded.group(1));
        }
        if (path.contains("/mute/")) {
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
            return;
        }
        exchange.getResponseHeaders()
                .add("Content-Type", path.contains("/page/") ? "text/html;charset=utf-8" : "application/problem+json");
        exchange.sendResponseHeaders(status, path.endsWith("/chunked") ? 0 : answer.length);
        exchange.getResponseBody().write(answer);
        exchange.close();
    }

    /** Two events, the second three seconds after the first, and no end but the client's. */
    private static void stream(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders().add("Content-Type", "text/event-stream");
        exchange.sendResponseHeaders(200, 0);
        try (var events = exchange.getResponseBody()) {
            events.write("id:1\ndata:first\n\n".getBytes(StandardCharsets.UTF_8));
            events.flush();
            for (var next = "id:2\ndata:second\n\n"; true; next = ":\n\n") {
                Thread.sleep(3_000);
                events.write(next.getBytes(StandardCharsets.UTF_8));
                events.flush();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    public long countOf(String request) {
        return asked.stream().filter(request::equals).count();
    }

    /** Lets all go on that wait. */
    public void openGate() {
        gate.countDown();
        gate = new CountDownLatch(1);
    }

    private void waitForGate() {
        try {
            gate.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private static void sleep() {
        try {
            Thread.sleep(10_000);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}

package dev.meridian.orders.live.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.meridian.orders.OpenApi;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A stream of server-sent events as a browser reads it, on a socket of its own: closing it closes the connection. It
 * speaks HTTP/1.0, so that lines come without chunks around them and the end of the stream is the end of the connection.
 */
final class EventStream implements AutoCloseable {

    static final Duration SOON = Duration.ofSeconds(20);

    record Event(String id, String name, String data) {}

    private final Socket socket;
    private final BufferedReader lines;
    private final int status;
    private final Map<String, String> headers = new TreeMap<>();
    private final List<Event> events = new CopyOnWriteArrayList<>();
    private final AtomicInteger comments = new AtomicInteger();
    private volatile String retry = "";
    private volatile boolean ended;

    private EventStream(Socket socket, String request) throws IOException {
        this.socket = socket;
        socket.setSoTimeout((int) SOON.toMillis());
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        status = Integer.parseInt(lines.readLine().split(" ")[1]);
        for (String line = lines.readLine(); line != null && !line.isEmpty(); line = lines.readLine()) {
            int colon = line.indexOf(':');
            headers.put(
                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).strip());
        }
        if (status == 200) {
            Thread.ofVirtual().start(this::read);
        }
    }

    static EventStream open(int port, String orderId, String token, @Nullable String lastEventId) {
        try {
            var socket = new Socket();
            socket.connect(new InetSocketAddress("127.0.0.1", port), (int) SOON.toMillis());
            String path = "/api/orders/" + orderId + "/events";
            var stream = new EventStream(
                    socket,
                    "GET " + path + " HTTP/1.0\r\nAccept: text/event-stream\r\nAuthorization: Bearer "
                            + token + "\r\n" + (lastEventId == null ? "" : "Last-Event-ID: " + lastEventId + "\r\n")
                            + "\r\n");
            assertThat(stream.headers.toString()).doesNotContain("127.0.0.1:" + port);
            OpenApi.DESCRIPTION.check("GET", path, stream.status, stream::header, null);
            return stream;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read() {
        try (lines) {
            String id = "";
            String name = "";
            var data = new StringBuilder();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(":")) {
                    comments.incrementAndGet();
                } else if (line.startsWith("retry:")) {
                    retry = line.substring("retry:".length()).strip();
                } else if (line.startsWith("id:")) {
                    id = line.substring("id:".length()).strip();
                } else if (line.startsWith("event:")) {
                    name = line.substring("event:".length()).strip();
                } else if (line.startsWith("data:")) {
                    data.append(line.substring("data:".length()));
                } else if (line.isEmpty() && !data.isEmpty()) {
                    events.add(new Event(id, name, data.toString()));
                    data.setLength(0);
                }
            }
        } catch (IOException e) {
            // It has ended, though not well.
        } finally {
            ended = true;
        }
    }

    int status() {
        return status;
    }

    String header(String name) {
        return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
    }

    /** Only of an answer that is no stream. */
    String body() {
        return lines.lines().collect(Collectors.joining("\n"));
    }

    List<Event> events() {
        return events;
    }

    List<String> ids() {
        return events.stream().map(Event::id).toList();
    }

    int comments() {
        return comments.get();
    }

    String retry() {
        return retry;
    }

    boolean ended() {
        return ended;
    }

    EventStream awaitVersion(String version) {
        await("version " + version).atMost(SOON).until(() -> ids().contains(version));
        return this;
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // Closed is closed.
        }
    }
}

package dev.meridian.system.faults;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/** What the clients did and were told, in memory for the checker and as lines of JSON for people. Thread-safe. */
final class History implements AutoCloseable {

    /** A full history ends the run: what is not written down cannot be checked. */
    private static final int LIMIT = 1_000_000;

    /**
     * Something that a client wanted, with all the attempts that it took.
     *
     * @param write whether it changes something
     * @param answered whether it got an answer that ends it
     */
    record Wish(int client, boolean write, Duration start, Duration end, boolean answered) {

        Duration length() {
            return end.minus(start);
        }
    }

    private final long origin = System.nanoTime();
    private final List<Call> calls = new ArrayList<>();
    private final List<Wish> wishes = new ArrayList<>();
    private final BufferedWriter lines;

    private History(BufferedWriter lines) {
        this.lines = lines;
    }

    static History in(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        return new History(Files.newBufferedWriter(file));
    }

    /** Since the beginning of the run. */
    Duration now() {
        return Duration.ofNanos(System.nanoTime() - origin);
    }

    synchronized void add(Call call) {
        calls.add(call);
        try {
            lines.write(JsonMapper.shared().writeValueAsString(call));
            lines.newLine();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    synchronized void add(Wish wish) {
        wishes.add(wish);
    }

    synchronized boolean isFull() {
        return calls.size() >= LIMIT;
    }

    synchronized List<Call> calls() {
        return List.copyOf(calls);
    }

    synchronized List<Wish> wishes() {
        return List.copyOf(wishes);
    }

    @Override
    public synchronized void close() throws IOException {
        lines.close();
    }
}

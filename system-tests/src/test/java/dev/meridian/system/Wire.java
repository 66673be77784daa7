package dev.meridian.system;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** A connection on which anything can be said, byte by byte. */
final class Wire implements AutoCloseable {

    private static final Pattern STATUS = Pattern.compile("^HTTP/1\\.[01] (\\d{3})", Pattern.MULTILINE);

    private final Socket socket = new Socket();

    /**
     * What came back.
     *
     * @param closed whether the other side ended the connection
     */
    record Heard(String text, boolean closed) {

        List<Integer> statuses() {
            return STATUS.matcher(text)
                    .results()
                    .map((MatchResult line) -> Integer.parseInt(line.group(1)))
                    .toList();
        }
    }

    private Wire() {}

    static Wire to(URI server) throws IOException {
        Wire wire = new Wire();
        wire.socket.setTcpNoDelay(true);
        wire.socket.connect(new InetSocketAddress("127.0.0.1", server.getPort()), 2_000);
        return wire;
    }

    /** Whether it could be said; the other side may have hung up. */
    boolean say(String text) {
        try {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().flush();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Listens until the other side hangs up, has said something and then nothing for a while, or the limit passes. */
    Heard listen(Duration limit) throws IOException {
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        long end = System.nanoTime() + limit.toNanos();
        boolean closed = false;
        try {
            InputStream in = socket.getInputStream();
            while (!closed && System.nanoTime() < end) {
                long left = Duration.ofNanos(end - System.nanoTime()).toMillis();
                socket.setSoTimeout((int) Math.max(1, heard.size() > 0 ? Math.min(left, 300) : left));
                int count = in.read(buffer);
                closed = count < 0;
                if (count > 0) {
                    heard.write(buffer, 0, count);
                }
            }
        } catch (SocketTimeoutException e) {
            // silence
        } catch (SocketException e) {
            closed = true; // reset
        }
        return new Heard(heard.toString(StandardCharsets.ISO_8859_1), closed);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}

package dev.meridian.local;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;

/** A port on loopback. */
public record Address(int port) {

    /** Everything binds here and nowhere else. */
    public static final String HOST = "127.0.0.1";

    /** Whether something accepts connections there. */
    public boolean accepts(Duration limit) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(HOST, port), (int) limit.toMillis());
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return HOST + ":" + port;
    }
}

package dev.meridian.local;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;

/** A port on loopback. */
public record Address(int port) {

    /** Everything binds here and nowhere else. */
    public static final String HOST = "127.0.0.1";

    private static final int TIMEOUT_MILLIS = 500;

    /** Whether what is sent there is answered with what begins so; with nothing sent and expected, it listens. */
    public boolean answers(String request, String expected) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(HOST, port), TIMEOUT_MILLIS);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.getOutputStream().write(request.getBytes(US_ASCII));
            byte[] answer = socket.getInputStream().readNBytes(expected.length());
            return new String(answer, US_ASCII).equals(expected);
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return HOST + ":" + port;
    }
}

package dev.meridian.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import redis.embedded.RedisServer;

/** A Redis that may be killed and held up. It runs until the tests end. */
public class OwnRedis {

    private final int port = Upstream.closedPort();
    private RedisServer server = new RedisServer(port);

    public OwnRedis() {
        server.start();
    }

    public static OwnRedis notStarted() {
        var redis = new OwnRedis();
        redis.kill();
        return redis;
    }

    public int port() {
        return port;
    }

    public void kill() {
        server.stop();
    }

    public void start() {
        server = new RedisServer(port);
        server.start();
    }

    /** Every script waits until it goes on. */
    public void hang() {
        say("CLIENT PAUSE 600000 WRITE");
    }

    public void goOn() {
        say("CLIENT UNPAUSE");
    }

    private void say(String command) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
            var answer = new String(socket.getInputStream().readNBytes(3), StandardCharsets.US_ASCII);
            if (!answer.equals("+OK")) {
                throw new IllegalStateException(command + ": " + answer);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

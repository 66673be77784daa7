package dev.meridian.gateway;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import redis.embedded.RedisServer;

/** A Redis that may be killed and held up. It runs until the tests end. */
class OwnRedis {

    private final int port = Upstream.closedPort();
    private RedisServer server = new RedisServer(port);

    OwnRedis() {
        server.start();
    }

    static OwnRedis notStarted() {
        var redis = new OwnRedis();
        redis.kill();
        return redis;
    }

    int port() {
        return port;
    }

    void kill() {
        server.stop();
    }

    void start() {
        server = new RedisServer(port);
        server.start();
    }

    /** Every script waits until it goes on. */
    void hang() {
        say("CLIENT PAUSE 600000 WRITE");
    }

    void goOn() {
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

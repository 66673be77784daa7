package dev.meridian.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import redis.embedded.RedisExecProvider;

/** The cache as every environment has it, with its users, that may be killed and held up. It runs until the tests end. */
public class OwnRedis {

    private static final String EXECUTABLE = executable();

    private final int port = Upstream.closedPort();
    private Process server;

    public OwnRedis() {
        server = start(port);
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
        server.destroyForcibly().onExit().join();
    }

    public void start() {
        server = start(port);
    }

    private static Process start(int port) {
        var command = List.of(
                "bash", "../edge/redis/redis.sh", EXECUTABLE, "--bind", "127.0.0.1", "--port", Integer.toString(port));
        var builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(new File("target/redis-" + port + ".log"));
        builder.environment().put("SECRETS", "../edge/secrets");
        try {
            var process = builder.start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
            await("Redis on port " + port).atMost(Duration.ofSeconds(30)).until(() -> isPong(port));
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isPong(int port) {
        try {
            return say(port, "PING").startsWith("+PONG");
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    private static String executable() {
        try {
            return RedisExecProvider.defaultProvider().get().getAbsolutePath();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Every script waits until it goes on. */
    public void hang() {
        administer("CLIENT PAUSE 600000 WRITE");
    }

    public void goOn() {
        administer("CLIENT UNPAUSE");
    }

    private void administer(String command) {
        var answer = say(port, "AUTH admin admin\r\n" + command);
        if (!answer.equals("+OK\r\n+OK\r\n")) {
            throw new IllegalStateException(command + ": " + answer);
        }
    }

    private static String say(int port, String commands) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write((commands + "\r\n").getBytes(US_ASCII));
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), US_ASCII);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

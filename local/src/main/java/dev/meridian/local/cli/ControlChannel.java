package dev.meridian.local.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.meridian.local.Address;
import dev.meridian.local.Stack;
import dev.meridian.local.StackException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.Executors;
import tools.jackson.databind.json.JsonMapper;

/**
 * How commands of a second terminal reach the supervisor: HTTP on loopback, below a path that only the owner of the data
 * folder can read.
 */
public record ControlChannel(HttpServer server, Stack stack, Runnable stopAll) implements AutoCloseable {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** @param stopAll asked to end the stack; returns at once */
    public static ControlChannel open(Stack stack, Runnable stopAll) {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(Address.HOST, 0), 0);
            ControlChannel channel = new ControlChannel(server, stack, stopAll);
            String secret = "/" + UUID.randomUUID() + "/";
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server.createContext(secret, exchange -> channel.handle(exchange, secret.length()));
            server.start();
            stack.announce("http://" + Address.HOST + ":" + server.getAddress().getPort() + secret);
            return channel;
        } catch (IOException e) {
            throw new StackException("Cannot listen for commands: " + e.getMessage(), e);
        }
    }

    private void handle(HttpExchange exchange, int start) throws IOException {
        try (exchange) {
            String command = exchange.getRequestURI().getPath().substring(start);
            String name = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
            if (command.equals("stop") && name.isEmpty()) {
                answer(exchange, 200, "");
                exchange.close(); // before the end, which closes this channel too
                stopAll.run();
                return;
            }
            try {
                answer(exchange, 200, obey(command, name));
            } catch (StackException e) {
                answer(exchange, 409, String.valueOf(e.getMessage()));
            }
        }
    }

    private String obey(String command, String name) {
        switch (command) {
            case "status" -> {
                return JSON.writeValueAsString(stack.status());
            }
            case "promote" -> {
                return stack.promote();
            }
            case "backup" -> stack.backUp(Path.of(name));
            case "start" -> stack.start(name);
            case "stop" -> stack.stop(name);
            case "kill" -> stack.kill(name);
            case "pause" -> stack.pause(name);
            case "resume" -> stack.resume(name);
            default -> throw new StackException("No such command: " + command + ".");
        }
        return "";
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}

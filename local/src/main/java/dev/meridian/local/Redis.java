package dev.meridian.local;

import dev.meridian.local.process.Program;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** A datacenter's cache: bounded, and empty after each start. */
record Redis(Path server, Path configuration, Path folder, Address at) implements Program {

    static final String NAME = "redis-" + Component.DATACENTER;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String type() {
        return "cache";
    }

    @Override
    public String address() {
        return at.toString();
    }

    @Override
    public List<String> command() {
        String port = Integer.toString(at.port());
        String program = server.toString();
        String settings = configuration.toString();
        return List.of(program, settings, "--bind", Address.HOST, "--port", port, "--dir", folder.toString());
    }

    @Override
    public boolean ready() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(Address.HOST, at.port()), 500);
            socket.setSoTimeout(500);
            socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
            byte[] answer = socket.getInputStream().readNBytes(5);
            return new String(answer, StandardCharsets.US_ASCII).equals("+PONG");
        } catch (IOException e) {
            return false;
        }
    }
}

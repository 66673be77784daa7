package dev.meridian.local;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A datacenter's cache: bounded, and empty after each start. */
record Redis(Datacenter datacenter, Path server, Path configuration, Path folder, Address at) implements Program {

    @Override
    public String name() {
        return "redis-" + datacenter;
    }

    @Override
    public ComponentType type() {
        return ComponentType.CACHE;
    }

    @Override
    public String address() {
        return at.toString();
    }

    @Override
    public List<String> after() {
        return List.of();
    }

    @Override
    public void prepare() {}

    @Override
    public Launch launch() {
        return new Launch(
                List.of(
                        server.toString(),
                        configuration.toString(),
                        "--bind",
                        Address.HOST,
                        "--port",
                        Integer.toString(at.port()),
                        "--dir",
                        folder.toString()),
                Map.of());
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

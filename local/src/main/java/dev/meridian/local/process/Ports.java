package dev.meridian.local.process;

import dev.meridian.local.StackException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/** Hands out ports on loopback. */
public final class Ports {

    /** Below the ephemeral ranges of Linux (32768) and macOS (49152), so that no outgoing connection takes one. */
    private static final int LOWEST = 20_000;

    private static final int HIGHEST = 32_000;

    private static final int ATTEMPTS = 1_000;

    /** What this JVM has handed out: a port is free to the system until its program binds it. */
    private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

    private Ports() {}

    /** The preferred port, or a free one when it is taken. */
    public static int preferring(int port) {
        return isFree(port) && GIVEN.add(port) ? port : free();
    }

    public static int free() {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(LOWEST, HIGHEST);
            if (isFree(port) && GIVEN.add(port)) {
                return port;
            }
        }
        throw new StackException("No free port between " + LOWEST + " and " + HIGHEST + ".");
    }

    /** Whether neither loopback nor every interface has a listener there. */
    public static boolean isFree(int port) {
        return binds(port, InetAddress.getLoopbackAddress()) && binds(port, new InetSocketAddress(port).getAddress());
    }

    private static boolean binds(int port, InetAddress address) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(address, port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}

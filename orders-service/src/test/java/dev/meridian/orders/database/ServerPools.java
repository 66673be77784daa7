package dev.meridian.orders.database;

import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Pools of connections to servers as they are, and to one that hangs; closed after a test. */
final class ServerPools implements AutoCloseable {

    private final HikariDataSource model;
    private final List<AutoCloseable> open = new ArrayList<>();

    /** @param model whose user, password and rules of eviction the pools have */
    ServerPools(HikariDataSource model) {
        this.model = model;
    }

    /** @param host takes any server for the right one */
    HikariDataSource to(String host, int connections) {
        var pool = new HikariDataSource();
        pool.setJdbcUrl("jdbc:postgresql://" + host + "/orders?connectTimeout=1&loginTimeout=1&socketTimeout=1");
        pool.setUsername(model.getUsername());
        pool.setPassword(model.getPassword());
        pool.setMaximumPoolSize(connections);
        pool.setConnectionTimeout(5_000);
        pool.setInitializationFailTimeout(-1);
        pool.setExceptionOverrideClassName(model.getExceptionOverrideClassName());
        open.addFirst(pool);
        return pool;
    }

    /** A server that takes connections and says nothing. @return its host and port */
    String hanging() throws IOException {
        var server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        List<Socket> held = new CopyOnWriteArrayList<>();
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    held.add(server.accept());
                }
            } catch (IOException e) {
                // It was closed.
            }
        });
        open.add(() -> {
            server.close();
            for (Socket socket : held) {
                socket.close();
            }
        });
        return "127.0.0.1:" + server.getLocalPort();
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
    }
}

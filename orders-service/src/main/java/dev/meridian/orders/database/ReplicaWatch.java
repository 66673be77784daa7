package dev.meridian.orders.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/** Asks replica and primary, each on a connection of its own, how far they are, and keeps {@link Replica} told. */
final class ReplicaWatch implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(ReplicaWatch.class);

    /** Runs what a connection that hangs needs to be given up. */
    private static final Executor AT_ONCE = Runnable::run;

    private final Watched replicaServer;
    private final Watched primaryServer;
    private final ReplicaSettings settings;
    private final Runnable moved;
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean running;

    /** @param moved is run when the replica may be another server than before */
    ReplicaWatch(
            PGSimpleDataSource replicaServer,
            PGSimpleDataSource primaryServer,
            ReplicaSettings settings,
            Replica replica,
            Runnable moved) {
        this.settings = settings;
        this.moved = moved;
        this.replicaServer = new Watched("replica", replicaServer) {
            @Override
            void answered(Standing standing, long asked) {
                replica.replicaAnswered(standing.reached(), asked);
            }

            @Override
            void away() {
                replica.replicaIsAway();
            }
        };
        this.primaryServer = new Watched("primary", primaryServer) {
            @Override
            void answered(Standing standing, long asked) {
                replica.primaryAnswered(standing.reached());
            }

            @Override
            void away() {}
        };
    }

    private abstract class Watched {

        private final String role;
        private final PGSimpleDataSource server;
        private @Nullable Connection connection;
        private boolean well = true; // so that a server that is away from the start is told of

        Watched(String role, PGSimpleDataSource server) {
            this.role = role;
            this.server = server;
        }

        abstract void answered(Standing standing, long asked);

        abstract void away();

        void run() {
            while (running) {
                ask();
                try {
                    Thread.sleep(settings.poll());
                } catch (InterruptedException e) {
                    break;
                }
            }
            giveUp();
        }

        private void ask() {
            try {
                Connection open = connection;
                if (open == null) {
                    open = server.getConnection();
                    open.setNetworkTimeout(
                            AT_ONCE, Math.toIntExact(settings.answer().toMillis()));
                    connection = open;
                    if (role.equals("replica")) {
                        moved.run();
                    }
                }
                long asked = System.nanoTime();
                Standing standing = Standing.of(open);
                if (standing.replica() != role.equals("replica")) {
                    throw new SQLException("It is the " + role + " no more");
                }
                answered(standing, asked);
                if (!well) {
                    well = true;
                    log.info("The {} answers again", role);
                }
            } catch (SQLException e) {
                away();
                giveUp();
                if (well) {
                    well = false;
                    log.warn("The {} does not answer: {}", role, e.getMessage());
                }
            }
        }

        private void giveUp() {
            Connection open = connection;
            connection = null;
            if (open != null) {
                try {
                    open.abort(AT_ONCE);
                } catch (SQLException e) {
                    // It was broken, which is why it is given up.
                }
            }
        }
    }

    @Override
    public void start() {
        running = true;
        threads.add(Thread.ofVirtual().name("replica-watch").start(replicaServer::run));
        threads.add(Thread.ofVirtual().name("primary-watch").start(primaryServer::run));
    }

    @Override
    public void stop() {
        running = false;
        for (Thread thread : threads) {
            thread.interrupt();
            try {
                thread.join(Duration.ofSeconds(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        threads.clear();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Watches before the first request is taken and until the last is answered. */
    @Override
    public int getPhase() {
        return 0;
    }
}

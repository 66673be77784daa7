package dev.meridian.local.postgres;

import dev.meridian.local.PostgresRole;
import dev.meridian.local.Replication;
import dev.meridian.local.StackException;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps synchronous replication from becoming a hang: lets the primary go on alone when its replica has been gone for
 * longer than commits may wait, and makes commits wait again when it is back.
 *
 * <p>The record of {@link PostgresRoles#inStep} is on the safe side of the truth at every moment: it is taken back
 * before the primary stops waiting, and made after the replica has all that was acknowledged without it.
 */
public final class StandbyWatch implements AutoCloseable {

    private static final Duration PAUSE = Duration.ofMillis(500);

    private static final Duration LOOK_LIMIT = Duration.ofSeconds(2);

    private static final Duration END_LIMIT = Duration.ofSeconds(5);

    /** A replica that was heard of so lately is there; it reports every second. */
    private static final Duration FRESH = Duration.ofMillis(2_500);

    private final PostgresPair pair;
    private final Consumer<String> progress;
    private final Thread thread;
    private final CountDownLatch ended = new CountDownLatch(1);

    /** When the replica was last known to be there, in {@link System#nanoTime}. */
    private long heard = System.nanoTime();

    /** Up to where the replica has to be before it counts as in step. */
    private @Nullable String target;

    public StandbyWatch(PostgresPair pair, Consumer<String> progress) {
        this.pair = pair;
        this.progress = progress;
        this.thread = Thread.ofPlatform().daemon().name("standby-watch").unstarted(this::run);
    }

    public void start() {
        thread.start();
    }

    private void run() {
        boolean failing = false;
        try {
            do {
                try {
                    look();
                    failing = false;
                } catch (StackException e) {
                    if (!failing) {
                        progress.accept("Cannot look after the replica: " + e.getMessage());
                    }
                    failing = true;
                }
            } while (!ended.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Does something while nothing here changes what commits wait for. */
    public synchronized <T> T still(Supplier<T> action) {
        try {
            return action.get();
        } finally {
            begin();
        }
    }

    /** Changes what commits wait for; they wait for a replica only once one is there and has caught up. */
    public synchronized void replicate(Replication how) {
        pair.replicate(how);
        begin();
        switch (how) {
            case Replication.Synchronous ignored -> {}
            case Replication.Asynchronous() -> {
                PostgresServer primary = pair.primary();
                // One that is down reads the record when it starts.
                if (primary.answersAs(PostgresRole.PRIMARY)) {
                    try {
                        stopWaiting(pair.roles().term(), primary);
                    } catch (IOException | SQLException e) {
                        throw new StackException("Cannot reconfigure " + primary.name() + ": " + e.getMessage(), e);
                    }
                }
            }
        }
    }

    /** As if everything was seen for the first time: a replica gets its whole time to come. */
    private void begin() {
        heard = System.nanoTime();
        target = null;
    }

    private synchronized void look() {
        switch (pair.replication()) {
            case Replication.Asynchronous() -> {}
            case Replication.Synchronous(Duration limit) -> {
                try {
                    look(limit);
                } catch (IOException | SQLException e) {
                    begin(); // the primary is away: no commit waits
                }
            }
        }
    }

    /**
     * What the primary knows.
     *
     * @param silent since when the replica said nothing; null when none streams
     * @param sync whether it is the one that commits wait for
     * @param flushed up to where it has everything on disk
     */
    private record Sight(
            boolean commitsWait,
            @Nullable Duration silent,
            boolean sync,
            @Nullable String flushed,
            String written) {}

    private void look(Duration limit) throws IOException, SQLException {
        PostgresRoles roles = pair.roles();
        PostgresServer primary = pair.primary();
        PostgresServer replica = pair.replica();
        try (Connection connection = primary.connect(LOOK_LIMIT)) {
            Sight sight = see(connection, replica);
            long now = System.nanoTime();
            Duration silent = sight.silent();
            boolean there = silent != null && silent.compareTo(FRESH) < 0;
            if (silent != null) {
                heard = Math.max(heard, now - silent.toNanos());
            }
            if (!sight.commitsWait()) {
                target = null;
                // It may have been restarted since the record was made.
                if (pair.recordStep(roles.term(), false) && there) {
                    primary.reconfigure(pair.primarySettings(true));
                }
            } else if (now - heard > limit.toNanos()) {
                if (stopWaiting(roles.term(), primary)) {
                    progress.accept(replica.name() + " is gone for " + limit.toSeconds() + " s: " + primary.name()
                            + " goes on alone, and a promotion is refused until the other is back.");
                }
            } else if (!roles.inStep() && there && sight.sync()) {
                catchUp(connection, roles, replica, sight);
            }
        }
    }

    /**
     * The target is taken a look after the commits began to wait, when every session knows that: what they acknowledged
     * before is below it, what they acknowledge from then on waits.
     */
    private void catchUp(Connection connection, PostgresRoles roles, PostgresServer replica, Sight sight)
            throws SQLException {
        if (target == null) {
            target = sight.written();
        } else if (sight.flushed() != null && reached(connection, sight.flushed(), target)) {
            if (pair.recordStep(roles.term(), true)) {
                progress.accept(replica.name() + " has all that was acknowledged, and commits wait for it.");
            }
        }
    }

    private boolean stopWaiting(int term, PostgresServer primary) throws IOException, SQLException {
        target = null;
        if (!pair.recordStep(term, false)) {
            return false;
        }
        primary.reconfigure(pair.primarySettings(false));
        return true;
    }

    private static Sight see(Connection connection, PostgresServer replica) throws SQLException {
        try (var query = connection.prepareStatement("""
                SELECT current_setting('synchronous_standby_names') <> '',
                       extract(epoch FROM clock_timestamp() - max(reply_time))::float8,
                       coalesce(bool_or(sync_state = 'sync'), false), max(flush_lsn)::text, pg_current_wal_lsn()::text
                FROM pg_stat_replication WHERE application_name = ? AND state = 'streaming'""")) {
            query.setString(1, replica.name());
            try (ResultSet row = query.executeQuery()) {
                row.next();
                double seconds = row.getDouble(2);
                Duration silent = row.wasNull() ? null : Duration.ofMillis(Math.round(Math.max(0, seconds) * 1e3));
                return new Sight(
                        row.getBoolean(1),
                        silent,
                        row.getBoolean(3),
                        row.getString(4),
                        String.valueOf(row.getString(5)));
            }
        }
    }

    private static boolean reached(Connection connection, String position, String target) throws SQLException {
        return PostgresServer.ask(connection, "SELECT ?::pg_lsn >= ?::pg_lsn", position, target)
                .equals("t");
    }

    @Override
    public void close() {
        ended.countDown();
        try {
            thread.join(END_LIMIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

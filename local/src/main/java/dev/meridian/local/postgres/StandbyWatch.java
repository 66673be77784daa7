package dev.meridian.local.postgres;

import static dev.meridian.local.postgres.PostgresServer.ask;

import dev.meridian.local.PostgresRole;
import dev.meridian.local.StackException;
import dev.meridian.local.process.Deadline;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

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

    /** A replica that was heard of so lately is there; it reports every second. */
    private static final Duration FRESH = Duration.ofMillis(2_500);

    private final PostgresPair pair;
    private final Consumer<String> progress;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("standby-watch").factory());

    private boolean failing;

    /** When the replica was last known to be there, in {@link System#nanoTime}. */
    private long heard = System.nanoTime();

    public StandbyWatch(PostgresPair pair, Consumer<String> progress) {
        this.pair = pair;
        this.progress = progress;
    }

    public void start() {
        thread.scheduleWithFixedDelay(this::run, 0, PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void run() {
        try {
            look();
            failing = false;
        } catch (StackException e) {
            if (!failing) {
                progress.accept("Cannot look after the replica: " + e.getMessage());
            }
            failing = true;
        }
    }

    /** Does something while nothing here changes what commits wait for. */
    public synchronized <T> T still(Supplier<T> action) {
        try {
            return action.get();
        } finally {
            heard = System.nanoTime(); // a replica gets its whole time to come
        }
    }

    /** Changes what commits wait for; they wait for a replica only once one is there and has caught up. */
    public synchronized void replicate(Duration wait) {
        pair.replicate(wait);
        heard = System.nanoTime();
        PostgresServer primary = pair.primary();
        // One that is down reads the record when it starts.
        if (!pair.isSynchronous() && primary.answersAs(PostgresRole.PRIMARY)) {
            try {
                stopWaiting(pair.roles().term(), primary);
            } catch (IOException | SQLException e) {
                throw new StackException("Cannot reconfigure " + primary.name() + ": " + e.getMessage(), e);
            }
        }
    }

    private synchronized void look() {
        if (!pair.isSynchronous()) {
            return;
        }
        try (Connection connection = pair.primary().connect(LOOK_LIMIT)) {
            look(connection, pair.replicaWait());
        } catch (IOException | SQLException e) {
            heard = System.nanoTime(); // the primary is away: no commit waits
        }
    }

    private void look(Connection connection, Duration limit) throws IOException, SQLException {
        PostgresRoles roles = pair.roles();
        PostgresServer primary = pair.primary();
        PostgresServer replica = pair.replica();
        Duration silence = silence(connection, replica);
        long now = System.nanoTime();
        boolean there = silence.compareTo(FRESH) < 0;
        heard = Math.max(heard, now - silence.toNanos());
        if (ask(connection, "SHOW synchronous_standby_names").isEmpty()) { // no commit waits
            // It may have been restarted since the record was made.
            if (pair.recordStep(roles.term(), false) && there) {
                primary.reconfigure(pair.primarySettings(true));
            }
        } else if (now - heard > limit.toNanos()) {
            if (stopWaiting(roles.term(), primary)) {
                progress.accept(replica.name() + " is gone for " + limit.toSeconds() + " s: " + primary.name()
                        + " goes on alone, and a promotion is refused until the other is back.");
            }
        } else if (!roles.inStep() && there && catchesUp(connection, replica) && pair.recordStep(roles.term(), true)) {
            progress.accept(replica.name() + " has all that was acknowledged, and commits wait for it.");
        }
    }

    /**
     * Commits began to wait at least a look ago, so every session knows by now: what they acknowledged before is below
     * the position of this moment, what they acknowledge from here on waits.
     */
    private static boolean catchesUp(Connection connection, PostgresServer replica) throws SQLException {
        String target = ask(connection, "SELECT pg_current_wal_lsn()");
        Deadline deadline = Deadline.in(LOOK_LIMIT);
        do {
            String reached = ask(
                    connection,
                    "SELECT flush_lsn >= ?::pg_lsn FROM pg_stat_replication"
                            + " WHERE application_name = ? AND state = 'streaming' AND sync_state = 'sync'",
                    target,
                    replica.name());
            if (reached.equals("t")) {
                return true;
            }
        } while (deadline.pause());
        return false;
    }

    private boolean stopWaiting(int term, PostgresServer primary) throws IOException, SQLException {
        if (!pair.recordStep(term, false)) {
            return false;
        }
        primary.reconfigure(pair.primarySettings(false));
        return true;
    }

    /** Since when the replica said nothing; a day when it does not stream. */
    private static Duration silence(Connection connection, PostgresServer replica) throws SQLException {
        String seconds = ask(
                connection,
                "SELECT coalesce(extract(epoch FROM clock_timestamp() - max(reply_time)), 86400)"
                        + " FROM pg_stat_replication WHERE application_name = ? AND state = 'streaming'",
                replica.name());
        return Duration.ofMillis(Math.max(0, Math.round(Double.parseDouble(seconds) * 1e3)));
    }

    /** Returns when the last look is over, whose every step is bounded. */
    @Override
    public void close() {
        thread.close();
    }
}

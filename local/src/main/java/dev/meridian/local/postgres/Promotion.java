package dev.meridian.local.postgres;

import static dev.meridian.local.postgres.PostgresServer.ask;

import dev.meridian.local.ComponentState;
import dev.meridian.local.PostgresRole;
import dev.meridian.local.StackException;
import dev.meridian.local.process.Deadline;
import dev.meridian.local.process.ManagedProcess;
import dev.meridian.local.process.Signal;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Function;

/**
 * Makes the replica the primary.
 *
 * <p>The order of the steps keeps two servers from taking writes, also when this process dies between any two of them: the
 * former primary ends; the record says that the other is the primary, so that no start brings the former back as one;
 * only then the replica begins to take writes. A promotion that was broken off after the record is finished by the new
 * primary's next start, or by the next promotion.
 *
 * @param processes the process of a server, by its name
 */
public record Promotion(PostgresPair pair, Function<String, ManagedProcess> processes) {

    /** How long a replica may take to have what the primary wrote. */
    public static final Duration CATCH_UP = Duration.ofSeconds(10);

    private static final Duration END_LIMIT = Duration.ofSeconds(5);

    private static final String UNCHANGED = " Nothing was changed.";

    /**
     * Returns when the new primary takes writes.
     *
     * @return its name
     * @throws StackException saying in one line why there is nothing fit to be promoted; the primary still runs then,
     *     if it did before
     */
    public String run(Duration catchUp) {
        PostgresServer primary = pair.primary();
        PostgresServer replica = pair.replica();
        // The record says that it is the primary, and it is still to become it.
        if (primary.isFenced() && primary.answersAs(PostgresRole.REPLICA)) {
            processes.apply(replica.name()).undisturbed(() -> enter(primary, replica));
            return primary.name();
        }
        ManagedProcess former = processes.apply(primary.name());
        former.undisturbed(() -> {
            requireFit(replica);
            if (primary.answersAs(PostgresRole.PRIMARY)) {
                awaitCatchUp(replica, primary, catchUp);
            }
            end(former, primary);
            if (!replica.answersAs(PostgresRole.REPLICA)) {
                throw new StackException(replica.name() + " does not answer any more: nothing was promoted, and "
                        + primary.name() + " can be started again.");
            }
            pair.handOver();
            enter(replica, primary);
        });
        return replica.name();
    }

    private void requireFit(PostgresServer replica) {
        ComponentState state = processes.apply(replica.name()).state();
        if (state != ComponentState.UP) {
            throw new StackException(replica.name() + " is " + state.name().toLowerCase(Locale.ROOT)
                    + ": there is nothing to promote." + UNCHANGED);
        }
        if (pair.isSynchronous() && !pair.inStep()) {
            throw new StackException(
                    replica.name() + " may lack what " + pair.primary().name()
                            + " acknowledged while it was alone: start that, and wait until the other has caught up."
                            + UNCHANGED);
        }
    }

    private static void awaitCatchUp(PostgresServer replica, PostgresServer primary, Duration limit) {
        try (Connection ahead = primary.connect(Duration.ofSeconds(5));
                Connection behind = replica.connect(Duration.ofSeconds(5))) {
            String target = ask(ahead, "SELECT pg_current_wal_lsn()");
            Deadline deadline = Deadline.in(limit);
            for (long missing = missing(behind, target); missing > 0; missing = missing(behind, target)) {
                if (!deadline.pause()) {
                    throw new StackException(replica.name() + " lacks " + missing + " bytes of what " + primary.name()
                            + " wrote, and did not get them within " + limit.toSeconds() + " s." + UNCHANGED);
                }
            }
        } catch (SQLException e) {
            throw new StackException(
                    "Cannot compare " + replica.name() + " with " + primary.name() + ": " + e.getMessage() + "."
                            + UNCHANGED,
                    e);
        }
    }

    /** How many bytes before the position the replica stands. */
    private static long missing(Connection replica, String position) throws SQLException {
        return Long.parseLong(
                ask(replica, "SELECT pg_wal_lsn_diff(?::pg_lsn, pg_last_wal_replay_lsn())::bigint", position));
    }

    /** In order, so that the replica gets all that was written; one that hangs, at once. Returns when it is gone. */
    private static void end(ManagedProcess former, PostgresServer primary) {
        if (primary.answersAs(PostgresRole.PRIMARY)) {
            former.stop();
        } else {
            former.kill();
        }
        boolean gone = Deadline.in(END_LIMIT).await(() -> {
            // Sessions outlive a server that is killed, for a moment.
            primary.processes().forEach(left -> left.signalAll(Signal.KILL));
            return former.process().isEmpty() && primary.processes().isEmpty();
        });
        if (!gone) {
            throw new StackException("Cannot end " + primary.name() + ": nothing was promoted.");
        }
    }

    /** What follows once the record is made; safe to repeat. */
    private void enter(PostgresServer next, PostgresServer former) {
        try {
            // Also when it is started by hand.
            former.fence();
            next.promote();
        } catch (IOException e) {
            throw new StackException("Cannot finish the promotion of " + next.name() + ": " + e.getMessage(), e);
        }
    }
}

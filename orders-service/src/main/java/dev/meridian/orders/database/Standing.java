package dev.meridian.orders.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * How far a server has come.
 *
 * @param replica whether it follows another
 * @param reached everything up to here can be read from it
 * @param bound nothing after this has been read from it before the question was asked
 */
record Standing(boolean replica, Position reached, Position bound) {

    /**
     * A replica makes a commit visible a moment before it says that it has replayed it. It replays one record at a time,
     * and a commit's is far below 64 KiB, so what can be seen lies less than that after what is said, and not after
     * what was received.
     *
     * <p>On the primary, what has been flushed is enough: orders are only written by synchronous commits, which are
     * flushed before anybody sees them, and what was flushed is on its way to the replica. Both servers' timelines are
     * asked for where they can be had without privileges. A replica's is the one of its last restart point, which may
     * lag behind a promotion that it followed; positions of that time then lie on the older timeline, which sends their
     * bearers to the primary.
     */
    private static final String QUESTION = """
            SELECT replica,
                   CASE WHEN replica THEN (SELECT timeline_id::bigint FROM pg_control_checkpoint())
                        ELSE ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::bigint END,
                   CASE WHEN replica THEN pg_last_wal_replay_lsn() - '0/0'::pg_lsn
                        ELSE pg_current_wal_flush_lsn() - '0/0'::pg_lsn END::bigint,
                   CASE WHEN replica THEN pg_last_wal_receive_lsn() - '0/0'::pg_lsn END::bigint
            FROM (SELECT pg_is_in_recovery() AS replica OFFSET 0) AS server""";

    private static final long LONGEST_COMMIT_RECORD = 64 * 1024;

    /** One round trip on this connection. */
    static Standing of(Connection server) throws SQLException {
        try (PreparedStatement question = server.prepareStatement(QUESTION);
                ResultSet answer = question.executeQuery()) {
            answer.next();
            return of(answer.getBoolean(1), answer.getLong(2), answer.getLong(3), answer.getObject(4, Long.class));
        }
    }

    /** @param received how much a replica has; null where it does not stream */
    static Standing of(boolean replica, long timeline, long reached, @Nullable Long received) {
        long ahead = reached + LONGEST_COMMIT_RECORD;
        long bound = !replica ? reached : received == null ? ahead : Math.max(reached, Math.min(ahead, received));
        return new Standing(replica, new Position(timeline, reached), new Position(timeline, bound));
    }
}

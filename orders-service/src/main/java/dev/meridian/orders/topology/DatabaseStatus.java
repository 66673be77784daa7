package dev.meridian.orders.topology;

import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Transactional;

/** What the primary tells of itself. */
@Repository
class DatabaseStatus {

    private final JdbcClient jdbc;

    DatabaseStatus(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    @Transactional(timeout = 2)
    public long unpublished() {
        return jdbc.sql("SELECT count(*) FROM outbox").query(Long.class).single();
    }

    /** A role that may not read all statistics sees that there is a replica, and not how far it is. */
    @Transactional(timeout = 2)
    public Topology.Replication replication() {
        List<Topology.Replica> replicas = jdbc.sql("""
                SELECT coalesce(application_name, 'pid ' || pid) AS name,
                       pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint AS bytes,
                       CASE WHEN replay_lsn IS NOT NULL THEN coalesce(extract(epoch FROM replay_lag), 0) END AS seconds
                FROM pg_stat_replication ORDER BY 1""")
                .query((row, n) -> new Topology.Replica(
                        row.getString("name"),
                        row.getObject("bytes", Long.class),
                        row.getObject("seconds") == null ? null : row.getDouble("seconds")))
                .list();
        return new Topology.Replication(replicas);
    }
}

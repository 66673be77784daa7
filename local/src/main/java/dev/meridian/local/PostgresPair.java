package dev.meridian.local;

import java.util.Map;

/**
 * The two PostgreSQL servers. Who of them is the primary is asked anew each time, since a promotion changes it.
 *
 * <p>Safe for use by several threads; no method waits for a server.
 */
final class PostgresPair {

    /** Where the roles stand, in the data folder. */
    static final String FOLDER = "postgres";

    private final PostgresServer first;
    private final PostgresServer second;
    private final PostgresRoles.Record record;
    private volatile Replication replication;

    /** @param first the one that is the primary as long as nothing else is recorded */
    PostgresPair(PostgresServer first, PostgresServer second, PostgresRoles.Record record, Replication replication) {
        this.first = first;
        this.second = second;
        this.record = record;
        this.replication = replication;
    }

    /** @throws StackException when the record cannot be read */
    synchronized PostgresRoles roles() {
        return record.read().orElseGet(() -> PostgresRoles.initial(first.name()));
    }

    PostgresServer primary() {
        String name = roles().primary();
        if (name.equals(first.name())) {
            return first;
        }
        if (name.equals(second.name())) {
            return second;
        }
        throw new StackException("The primary of record is " + name + ", and there are only " + first.name() + " and "
                + second.name() + ".");
    }

    PostgresServer replica() {
        return other(primary());
    }

    PostgresRole role(PostgresServer server) {
        return server.equals(primary()) ? PostgresRole.PRIMARY : PostgresRole.REPLICA;
    }

    private PostgresServer other(PostgresServer server) {
        return server.equals(first) ? second : first;
    }

    /** As pgjdbc takes them: host:port,host:port, always in the same order. */
    String hosts() {
        return first.address() + "," + second.address();
    }

    Replication replication() {
        return replication;
    }

    void replicate(Replication how) {
        replication = how;
    }

    /** From now on the replica is the primary of record. Nothing else happens: see {@link Promotion} for the order. */
    synchronized void handOver() {
        record.write(roles().handedOverTo(replica().name()));
    }

    /** False, and nothing changes, when a promotion ended the term meanwhile. */
    synchronized boolean recordStep(int term, boolean inStep) {
        PostgresRoles roles = roles();
        if (roles.term() != term) {
            return false;
        }
        if (roles.inStep() != inStep) {
            record.write(roles.withInStep(inStep));
        }
        return true;
    }

    /**
     * What the primary starts with. Its commits wait from the first one on if they did before; if they shall not, the
     * record says so first.
     */
    synchronized Map<String, String> primarySettings() {
        PostgresRoles roles = roles();
        boolean wait = roles.inStep() && replication instanceof Replication.Synchronous;
        recordStep(roles.term(), wait);
        return primarySettings(wait);
    }

    Map<String, String> primarySettings(boolean commitsWait) {
        // The name has a hyphen, so it is quoted as an identifier.
        return Map.of("synchronous_standby_names", commitsWait ? '"' + replica().name() + '"' : "");
    }

    Map<String, String> replicaSettings() {
        return Map.of(
                "primary_conninfo",
                "host=" + Address.HOST + " port=" + primary().address().port() + " user=" + PostgresServer.REPLICATOR
                        + " password=" + PostgresServer.REPLICATOR + " application_name="
                        + replica().name()
                        // A primary that is gone is noticed and looked for again.
                        + " connect_timeout=2 tcp_user_timeout=5000",
                "primary_slot_name",
                BaseCopy.slot(replica()),
                "wal_retrieve_retry_interval",
                "500ms",
                // Silence means something after a few seconds.
                "wal_receiver_status_interval",
                "1s");
    }
}

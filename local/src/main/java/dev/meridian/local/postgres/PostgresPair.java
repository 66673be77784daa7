package dev.meridian.local.postgres;

import dev.meridian.local.Address;
import dev.meridian.local.PostgresRole;
import dev.meridian.local.StackException;
import dev.meridian.local.StackSettings;
import dev.meridian.local.process.Folders;
import dev.meridian.local.process.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The two PostgreSQL servers. Which of them is the primary is asked anew each time, since a promotion changes it.
 *
 * <p>Safe for use by several threads; no method waits for a server.
 */
public final class PostgresPair {

    /** Where the record of the roles is, in the data folder. */
    public static final String FOLDER = "postgres";

    /** Where the data of a backup wait, in the data folder. */
    public static final String RESTORED = "restored";

    /** What the two servers are at first; their names stay as they are when their roles change. */
    private static final String FIRST = "postgres-primary";

    private static final String SECOND = "postgres-replica";

    /** A replica reports every second. */
    private static final Duration SHORTEST_WAIT = Duration.ofSeconds(2);

    private final PostgresServer first;
    private final PostgresServer second;
    private final Path record;
    private final ReentrantLock backups = new ReentrantLock();
    private volatile Duration replicaWait = StackSettings.NO_WAIT;

    /**
     * @param data where their data are, and the record of their roles
     * @param binaries the folder that holds bin/postgres
     * @param edge the folder of what every server shares: its configuration and the first roles and databases
     */
    public PostgresPair(Path data, Path binaries, Path edge, Address first, Address second, Duration replicaWait) {
        PostgresUser user = PostgresUser.choose(data, binaries);
        this.first = new PostgresServer(FIRST, first, data.resolve(FIRST), binaries, edge, user, this);
        this.second = new PostgresServer(SECOND, second, data.resolve(SECOND), binaries, edge, user, this);
        this.record = data.resolve(FOLDER).resolve("roles.json");
        replicate(replicaWait);
    }

    public List<Program> programs() {
        return List.of(first, second);
    }

    /** @throws StackException when the record cannot be read */
    synchronized PostgresRoles roles() {
        return PostgresRoles.read(record).orElseGet(() -> PostgresRoles.initial(FIRST));
    }

    PostgresServer primary() {
        return switch (roles().primary()) {
            case FIRST -> first;
            case SECOND -> second;
            default -> throw new StackException("The primary of record is neither " + FIRST + " nor " + SECOND + ".");
        };
    }

    PostgresServer replica() {
        return primary() == first ? second : first;
    }

    PostgresRole role(PostgresServer server) {
        return server == primary() ? PostgresRole.PRIMARY : PostgresRole.REPLICA;
    }

    /** @throws StackException when the record cannot be read */
    public Address primaryAddress() {
        return primary().at();
    }

    public Address replicaAddress() {
        return replica().at();
    }

    /** As pgjdbc takes them: host:port,host:port, always in the same order. */
    public String hosts() {
        return first.at() + "," + second.at();
    }

    /** Whether replication is synchronous, and the replica has all that was ever acknowledged. */
    public boolean inStep() {
        return roles().inStep();
    }

    /** How long commits wait for a replica that is gone. */
    Duration replicaWait() {
        return replicaWait;
    }

    boolean isSynchronous() {
        return !replicaWait.equals(StackSettings.NO_WAIT);
    }

    /** What is to be; {@link StandbyWatch} makes it so. */
    final void replicate(Duration wait) {
        if (!wait.equals(StackSettings.NO_WAIT) && wait.compareTo(SHORTEST_WAIT) < 0) {
            throw new StackException("Commits have to wait at least " + SHORTEST_WAIT.toSeconds()
                    + " s for a replica that is gone, not " + wait.toMillis() / 1e3 + " s.");
        }
        replicaWait = wait;
    }

    /** @throws StackException when the primary does not serve, or the file cannot be written */
    public void backUp(Path file) throws IOException {
        if (!backups.tryLock()) {
            throw new StackException("Another backup is under way.");
        }
        try {
            new Backup(file).make(primary(), record.resolveSibling("backup"));
        } finally {
            backups.unlock();
        }
    }

    /**
     * Unpacks a backup beside the data, which it replaces by {@link #takeRestored}.
     *
     * @throws StackException where the file is no backup; nothing is changed then
     */
    public void restore(Path file) throws IOException {
        Path incoming = restored().resolveSibling(RESTORED + ".incoming");
        new Backup(file).unpack(incoming);
        Folders.delete(restored());
        Files.move(incoming, restored());
    }

    /** Whether a restored backup waits for its place, also one whose restoration was broken off. */
    public boolean hasRestored() {
        return Files.exists(restored());
    }

    /**
     * Replaces all data of both servers, while none of them runs. The one that was the primary first is it again; the
     * other copies it when it starts. Broken off, it can be done again.
     */
    public void takeRestored() throws IOException {
        first.user().own(restored());
        Files.deleteIfExists(first.cluster().resolve(PostgresServer.COMPLETE));
        Files.deleteIfExists(second.cluster().resolve(PostgresServer.COMPLETE));
        Folders.delete(second.cluster());
        Folders.delete(record.resolveSibling(""));
        Folders.delete(first.cluster());
        Files.move(restored(), first.cluster());
    }

    private Path restored() {
        return first.cluster().resolveSibling(RESTORED);
    }

    /** From now on the replica is the primary of record. Nothing else happens: see {@link Promotion} for the order. */
    synchronized void handOver() {
        roles().handedOverTo(replica().name()).write(record);
    }

    /** False, and nothing changes, when a promotion ended the term meanwhile. */
    synchronized boolean recordStep(int term, boolean inStep) {
        PostgresRoles roles = roles();
        if (roles.term() == term && roles.inStep() != inStep) {
            new PostgresRoles(roles.primary(), term, inStep).write(record);
        }
        return roles.term() == term;
    }

    /**
     * What the primary starts with. Its commits wait from the first one on if they did before; if they shall not, the
     * record says so first.
     */
    synchronized Map<String, String> primarySettings() {
        PostgresRoles roles = roles();
        boolean wait = roles.inStep() && isSynchronous();
        recordStep(roles.term(), wait);
        return primarySettings(wait);
    }

    Map<String, String> primarySettings(boolean commitsWait) {
        // The name has a hyphen, so it is quoted as an identifier.
        return Map.of("synchronous_standby_names", commitsWait ? '"' + replica().name() + '"' : "");
    }

    Map<String, String> replicaSettings() {
        return Map.of(
                // A primary that is gone is noticed and looked for again.
                "primary_conninfo",
                "host=" + Address.HOST + " port=" + primary().at().port() + " user=" + PostgresServer.REPLICATOR
                        + " password=" + PostgresServer.REPLICATOR + " application_name="
                        + replica().name()
                        + " connect_timeout=2 tcp_user_timeout=5000",
                "primary_slot_name",
                ClusterData.slot(replica()),
                "wal_retrieve_retry_interval",
                "500ms",
                // Silence means something after a few seconds.
                "wal_receiver_status_interval",
                "1s");
    }
}

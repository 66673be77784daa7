package dev.meridian.local.postgres;

import dev.meridian.local.Address;
import dev.meridian.local.PostgresRole;
import dev.meridian.local.StackException;
import dev.meridian.local.process.Commands;
import dev.meridian.local.process.OsProcess;
import dev.meridian.local.process.Program;
import dev.meridian.local.process.Signal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One of the two PostgreSQL servers, in the role that it has when it starts.
 *
 * @param cluster the data directory
 * @param binaries the folder that holds bin/postgres
 * @param edge the folder of what every server shares: its configuration and the first roles and databases
 */
record PostgresServer(
        String name, Address at, Path cluster, Path binaries, Path edge, PostgresUser user, PostgresPair pair)
        implements Program {

    static final String SUPERUSER = "postgres";

    /** The role that the replica streams as; its password is its name, like every role's here. */
    static final String REPLICATOR = "replicator";

    /**
     * Written last when a cluster is made: one without it was interrupted while it was made. It holds the term in which
     * that was, see {@link PostgresRoles#term}.
     */
    static final String COMPLETE = "meridian.complete";

    /** With this file a server starts as a replica; it removes the file when it is promoted. */
    static final String STANDBY = "standby.signal";

    private static final Duration PROMOTION_LIMIT = Duration.ofSeconds(60);

    @Override
    public String type() {
        return "database";
    }

    @Override
    public Optional<PostgresRole> role() {
        return Optional.of(pair.role(this));
    }

    private boolean isPrimary() {
        return pair.role(this) == PostgresRole.PRIMARY;
    }

    @Override
    public String address() {
        return at.toString();
    }

    @Override
    public List<String> after() {
        return isPrimary() ? List.of() : List.of(pair.primary().name());
    }

    @Override
    public void prepare() throws IOException {
        int term = pair.roles().term();
        ClusterData data = new ClusterData(this);
        if (isPrimary() && !isComplete()) {
            PostgresServer replica = pair.replica();
            if (replica.isCompleteIn(term)) { // it would follow an empty primary, and lose the last copy
                throw new StackException("The data of " + name + " in " + cluster + " are gone, but " + replica.name
                        + " has a copy: once nothing runs, `rm -rf " + cluster + " && cp -a " + replica.cluster + " "
                        + cluster + "` brings them back (--fresh begins anew, without the data).");
            }
            if (term > 0) {
                throw new StackException(name + " is the primary since a promotion, and its data in " + cluster
                        + " are gone (--fresh begins anew).");
            }
            data.makeEmpty();
        }
        if (!isPrimary()) {
            // A primary of a former term is not a copy of this one, however it looks: it may have gone its own way.
            if (!isCompleteIn(term) || data.hasLostItsPlace(pair.primary())) {
                data.copy(pair.primary(), term);
            }
            fence();
        }
        if (processes().isEmpty()) {
            // A killed server's lock: PostgreSQL would take any program that has its process id by now for the server.
            Files.deleteIfExists(cluster.resolve("postmaster.pid"));
        }
        configure(isPrimary() ? pair.primarySettings() : pair.replicaSettings());
    }

    @Override
    public List<String> command() {
        return List.of(binaries.resolve("bin/postgres").toString(), "-D", cluster.toString());
    }

    @Override
    public List<String> identity() {
        return user.prefix();
    }

    @Override
    public Map<String, String> environment() {
        return Map.of("LC_ALL", "C");
    }

    @Override
    public boolean ready() {
        return answersAs(pair.role(this));
    }

    /** A primary whose promotion was broken off starts as the replica that it still is on disk. */
    @Override
    public boolean started() {
        return ready() || isFenced() && answersAs(PostgresRole.REPLICA);
    }

    @Override
    public void afterStart() throws IOException {
        if (isPrimary() && isComplete()) {
            promote();
        } else if (isPrimary()) {
            new ClusterData(this).fill();
        }
    }

    /** Ends sessions at once, lets the replica have all that was written, and leaves a clean cluster ("fast shutdown"). */
    @Override
    public Signal stopSignal() {
        return Signal.INT;
    }

    private boolean isComplete() {
        return Files.exists(cluster.resolve(COMPLETE));
    }

    private boolean isCompleteIn(int term) throws IOException {
        return isComplete()
                && Files.readString(cluster.resolve(COMPLETE)).strip().equals(Integer.toString(term));
    }

    void markComplete(int term) throws IOException {
        Path incoming = cluster.resolve(COMPLETE + ".incoming");
        Files.writeString(incoming, Integer.toString(term));
        Files.move(incoming, cluster.resolve(COMPLETE), StandardCopyOption.ATOMIC_MOVE);
    }

    /** From its next start on it takes no writes before it is promoted, also when it is started by hand. */
    void fence() throws IOException {
        if (Files.isDirectory(cluster) && !isFenced()) {
            Files.createFile(cluster.resolve(STANDBY));
        }
    }

    boolean isFenced() {
        return Files.exists(cluster.resolve(STANDBY));
    }

    /** Writes the whole configuration: the shared part, and what this machine adds. */
    private void configure(Map<String, String> role) throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(edge.resolve("postgresql.conf")));
        lines.add("""

                # The local stack's part, written before each start.
                listen_addresses = '%s'
                port = %d
                # Paths of sockets are limited to some hundred bytes, and none is needed.
                unix_socket_directories = ''
                shared_buffers = 48MB
                max_wal_size = 512MB
                # Beside ten other programs: fewer idle processes.
                autovacuum_max_workers = 2
                max_logical_replication_workers = 0
                max_parallel_workers_per_gather = 0""".formatted(Address.HOST, at.port()));
        if (Commands.ON_LINUX) { // the only one that can
            // After a crash or a copy, all files at once rather than a thousand one by one: seconds on a busy disk.
            lines.add("recovery_init_sync_method = syncfs");
        }
        role.forEach((setting, value) -> lines.add(setting + " = '" + value.replace("'", "''") + "'"));
        Files.write(cluster.resolve("postgresql.conf"), lines);
        user.own(cluster);
    }

    /** Lets a server that runs take a new configuration. */
    void reconfigure(Map<String, String> role) throws IOException, SQLException {
        configure(role);
        try (Connection connection = connect(Duration.ofSeconds(5))) {
            ask(connection, "SELECT pg_reload_conf()");
        }
    }

    /** The processes on its data, also those that were started by hand; none where the system does not tell (macOS). */
    List<OsProcess> processes() {
        try {
            return Files.isDirectory(cluster) ? OsProcess.in(cluster.toRealPath(), "postgres") : List.of();
        } catch (IOException e) {
            throw new StackException("Cannot look for the processes of " + name + ": " + e, e);
        }
    }

    /** A session of the superuser, each of whose steps is bounded by the limit. */
    Connection connect(Duration limit) throws SQLException {
        long seconds = Math.max(1, limit.toSeconds());
        return DriverManager.getConnection(
                "jdbc:postgresql://%s/postgres?sslmode=disable&gssEncMode=disable&connectTimeout=%d&loginTimeout=%d&socketTimeout=%d"
                        .formatted(at, seconds, seconds, seconds),
                SUPERUSER,
                SUPERUSER);
    }

    /** The first column of a query's only row, as text; empty when there is no row. */
    static String ask(Connection connection, String sql, String... arguments) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(sql)) {
            for (int i = 0; i < arguments.length; i++) {
                query.setString(i + 1, arguments[i]);
            }
            try (ResultSet row = query.executeQuery()) {
                return row.next() ? String.valueOf(row.getString(1)) : "";
            }
        }
    }

    /** Whether it answers queries, and takes writes or not as the role says. */
    boolean answersAs(PostgresRole role) {
        try (Connection connection = connect(Duration.ofSeconds(1))) {
            return isInRecovery(connection) == (role == PostgresRole.REPLICA);
        } catch (SQLException e) {
            return false;
        }
    }

    static boolean isInRecovery(Connection connection) throws SQLException {
        return ask(connection, "SELECT pg_is_in_recovery()").equals("t");
    }

    /**
     * Ends its recovery and returns when it takes writes, on a timeline of its own; one that does already is left alone.
     *
     * @throws StackException when it does not within a minute
     */
    void promote() {
        long seconds = PROMOTION_LIMIT.toSeconds();
        try (Connection connection = connect(PROMOTION_LIMIT.plusSeconds(10))) {
            if (isInRecovery(connection)
                    && !ask(connection, "SELECT pg_promote(true, " + seconds + ")")
                            .equals("t")) {
                throw new StackException(name + " did not become the primary within " + seconds
                        + " s; another `promote` goes on with it.");
            }
        } catch (SQLException e) {
            throw new StackException("Cannot promote " + name + ": " + e.getMessage(), e);
        }
    }
}

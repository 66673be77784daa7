package dev.meridian.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * What a primary and a replica share: the binaries, a cluster's folder, an address.
 *
 * @param cluster the data directory
 */
record PostgresServer(
        String name, Path binaries, Path cluster, Address address, PostgresUser user, Path sharedConfiguration) {

    static final String SUPERUSER = "postgres";

    /** The role that the replica streams as; its password is its name, like every role's here. */
    static final String REPLICATOR = "replicator";

    /**
     * Written last when a cluster is made: one without it was interrupted while it was made. It holds the term in which
     * that was, see {@link PostgresRoles#term}.
     */
    private static final String COMPLETE = "meridian.complete";

    /** With this file a server starts as a replica; it removes the file when it is promoted. */
    private static final String STANDBY = "standby.signal";

    private static final String LOCK = "postmaster.pid";

    private static final Duration PROMOTION_LIMIT = Duration.ofSeconds(60);

    boolean isComplete() {
        return Files.exists(cluster.resolve(COMPLETE));
    }

    boolean isCompleteIn(int term) throws IOException {
        if (!isComplete()) {
            return false;
        }
        String noted = Files.readString(cluster.resolve(COMPLETE)).strip();
        return (noted.isEmpty() ? "0" : noted).equals(Integer.toString(term));
    }

    void markComplete(int term) throws IOException {
        Path incoming = cluster.resolve(COMPLETE + ".incoming");
        Files.writeString(incoming, Integer.toString(term));
        Files.move(incoming, cluster.resolve(COMPLETE), StandardCopyOption.ATOMIC_MOVE);
    }

    /** From its next start on it takes no writes before it is promoted, whoever starts it. */
    void fence() throws IOException {
        Path signal = cluster.resolve(STANDBY);
        if (Files.isDirectory(cluster) && !Files.exists(signal)) {
            Files.createFile(signal);
        }
    }

    boolean isFenced() {
        return Files.exists(cluster.resolve(STANDBY));
    }

    /** Files of a cluster that a copy of it must not have. */
    static boolean belongsToOneServer(Path relative) {
        String top = relative.getName(0).toString();
        return top.startsWith(COMPLETE)
                || top.equals(STANDBY)
                || top.startsWith("backup_label")
                || top.startsWith("postmaster.")
                || relative.getNameCount() > 1
                        && List.of("pg_wal", "pg_replslot").contains(top);
    }

    /** Writes the whole configuration: the shared part, and what this machine adds. */
    void configure(Map<String, String> role) throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(sharedConfiguration));
        lines.add("");
        lines.add("# The local stack's part, written before each start.");
        lines.add("listen_addresses = '" + Address.HOST + "'");
        lines.add("port = " + address.port());
        // Paths of sockets are limited to some hundred bytes, and nobody needs one.
        lines.add("unix_socket_directories = ''");
        lines.add("shared_buffers = 48MB");
        lines.add("max_wal_size = 512MB");
        if (Platform.current().isLinux()) { // the only one that can
            // After a crash or a copy, all files at once rather than a thousand one by one: seconds on a busy disk.
            lines.add("recovery_init_sync_method = syncfs");
        }
        // Every byte counts beside ten other programs: fewer idle helpers.
        lines.add("autovacuum_max_workers = 2");
        lines.add("max_logical_replication_workers = 0");
        lines.add("max_parallel_workers_per_gather = 0");
        role.forEach((name, value) -> lines.add(name + " = '" + value.replace("'", "''") + "'"));
        Files.write(cluster.resolve("postgresql.conf"), lines);
        Files.write(
                cluster.resolve("pg_hba.conf"),
                List.of(
                        "host all all " + Address.HOST + "/32 scram-sha-256",
                        "host replication " + REPLICATOR + " " + Address.HOST + "/32 scram-sha-256"));
        user.own(cluster);
    }

    /**
     * Removes the lock file of a killed server when its process id belongs to some other program by now: PostgreSQL
     * itself cannot tell and would refuse to start.
     */
    void forgetDeadServer() throws IOException {
        Path lock = cluster.resolve(LOCK);
        if (!Files.exists(lock)) {
            return;
        }
        boolean alive;
        try (Stream<String> lines = Files.lines(lock)) {
            alive = lines.findFirst()
                    .filter(line -> line.matches("[0-9]+"))
                    .flatMap(line -> ProcessHandle.of(Long.parseLong(line)))
                    .flatMap(process -> process.info().command())
                    .filter(command -> command.endsWith("/postgres"))
                    .isPresent();
        }
        if (!alive) {
            Files.delete(lock);
        }
    }

    Launch launch() {
        return new Launch(
                List.of(binaries.resolve("bin/postgres").toString(), "-D", cluster.toString()),
                user.prefix(),
                Map.of("LC_ALL", "C"));
    }

    Connection connect(String database, Duration limit) throws SQLException {
        String seconds = Long.toString(Math.max(1, limit.toSeconds()));
        Properties properties = new Properties();
        properties.setProperty("user", SUPERUSER);
        properties.setProperty("password", SUPERUSER);
        properties.setProperty("connectTimeout", seconds);
        properties.setProperty("loginTimeout", seconds);
        properties.setProperty("socketTimeout", seconds);
        properties.setProperty("sslmode", "disable");
        properties.setProperty("gssEncMode", "disable");
        return DriverManager.getConnection("jdbc:postgresql://" + address + "/" + database, properties);
    }

    /** Whether it answers queries, and takes writes or not as the role says. */
    boolean answersAs(PostgresRole role) {
        try (Connection connection = connect("postgres", Duration.ofSeconds(1))) {
            return isInRecovery(connection) == (role == PostgresRole.REPLICA);
        } catch (SQLException e) {
            return false;
        }
    }

    private static boolean isInRecovery(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_is_in_recovery()")) {
            return row.next() && row.getBoolean(1);
        }
    }

    /**
     * Ends its recovery and returns when it takes writes, on a timeline of its own; one that does already is left alone.
     *
     * @throws StackException when it does not within a minute
     */
    void promote() {
        long seconds = PROMOTION_LIMIT.toSeconds();
        try (Connection connection = connect("postgres", PROMOTION_LIMIT.plusSeconds(10))) {
            if (!isInRecovery(connection)) {
                return;
            }
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SELECT pg_promote(true, " + seconds + ")")) {
                if (!row.next() || !row.getBoolean(1)) {
                    throw new StackException(name + " did not become the primary within " + seconds
                            + " s; another `promote` goes on with it.");
                }
            }
        } catch (SQLException e) {
            throw new StackException("Cannot promote " + name + ": " + e.getMessage(), e);
        }
    }

    /** What runs on its data, whoever started it; none where the system does not tell (macOS). */
    List<OsProcess> processes() {
        try {
            return Files.isDirectory(cluster) ? OsProcess.in(cluster.toRealPath(), "postgres") : List.of();
        } catch (IOException e) {
            throw new StackException("Cannot look for the processes of " + name + ": " + e, e);
        }
    }

    /** Lets a server that runs take a new configuration. */
    void reconfigure(Map<String, String> role) throws IOException, SQLException {
        configure(role);
        try (Connection connection = connect("postgres", Duration.ofSeconds(5));
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_reload_conf()");
        }
    }
}

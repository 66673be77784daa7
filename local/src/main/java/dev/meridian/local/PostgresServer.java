package dev.meridian.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
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
record PostgresServer(Path binaries, Path cluster, Address address, PostgresUser user, Path sharedConfiguration) {

    static final String SUPERUSER = "postgres";

    /** The role that the replica streams as; its password is its name, like every role's here. */
    static final String REPLICATOR = "replicator";

    /** Written last when a cluster is made: one without it was interrupted while it was made. */
    private static final String COMPLETE = "meridian.complete";

    private static final String LOCK = "postmaster.pid";

    boolean isComplete() {
        return Files.exists(cluster.resolve(COMPLETE));
    }

    void markComplete() throws IOException {
        if (!isComplete()) {
            Files.createFile(cluster.resolve(COMPLETE));
        }
    }

    /** Files of a cluster that a copy of it must not have. */
    static boolean belongsToOneServer(Path relative) {
        String top = relative.getName(0).toString();
        return top.equals(COMPLETE)
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

    /** Whether it answers queries, as a primary or as a replica. */
    boolean answers(boolean inRecovery) {
        try (Connection connection = connect("postgres", Duration.ofSeconds(1));
                var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT pg_is_in_recovery()")) {
            return row.next() && row.getBoolean(1) == inRecovery;
        } catch (SQLException e) {
            return false;
        }
    }
}

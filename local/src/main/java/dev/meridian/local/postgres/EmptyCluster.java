package dev.meridian.local.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.meridian.local.Commands;
import dev.meridian.local.Folders;
import dev.meridian.local.StackException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.core.NativeQuery;
import org.postgresql.core.Parser;

/**
 * How a server comes to its first data: an empty cluster, and the roles and databases that everything else needs.
 */
record EmptyCluster(PostgresServer server) {

    /** Replaces what an interrupted attempt left. */
    void make() throws IOException {
        Folders.delete(server.cluster());
        Folders.createPrivate(server.cluster());
        server.user().own(server.cluster());
        Path password = Files.createTempFile("meridian", ".password");
        try {
            Files.writeString(password, PostgresServer.SUPERUSER, UTF_8);
            server.user().own(password);
            List<String> command = new ArrayList<>(server.user().prefix());
            command.addAll(List.of(
                    server.binaries().resolve("bin/initdb").toString(),
                    "--pgdata=" + server.cluster(),
                    "--username=" + PostgresServer.SUPERUSER,
                    "--pwfile=" + password,
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    // The marker of completeness covers an interrupted start; the server syncs from there on.
                    "--no-sync"));
            Commands.require("make a cluster with initdb", command);
        } finally {
            Files.deleteIfExists(password);
        }
    }

    /** Creates roles and databases; every role that may log in gets its own name as its password. */
    void fill() throws IOException {
        Path initialisation = server.edge().resolve("init.sql");
        try (Connection connection = server.connect(Duration.ofSeconds(30));
                Statement statement = connection.createStatement()) {
            String script = Files.readString(initialisation);
            // One by one: CREATE DATABASE refuses to share a request.
            for (NativeQuery query : Parser.parseJdbcSql(script, true, false, true, false, false)) {
                statement.execute(query.nativeSql);
            }
            statement.execute("""
                    DO $$ DECLARE role name; BEGIN
                      FOR role IN SELECT rolname FROM pg_authid WHERE rolcanlogin AND rolpassword IS NULL LOOP
                        EXECUTE format('ALTER ROLE %I PASSWORD %L', role, role);
                      END LOOP;
                    END $$""");
        } catch (SQLException e) {
            throw new StackException("Cannot run " + initialisation + ": " + e.getMessage(), e);
        }
        server.markComplete(0);
    }
}

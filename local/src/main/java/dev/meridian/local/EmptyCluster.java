package dev.meridian.local;

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
 * How a server comes to its first data.
 *
 * @param initialisation the roles and databases that everything else needs, as SQL
 */
record EmptyCluster(PostgresServer server, Path initialisation) {

    /** In place of whatever an interrupted attempt left. */
    void make() throws IOException {
        Folders.delete(server.cluster());
        Folders.createPrivate(server.cluster());
        server.user().own(server.cluster());
        Path password = Files.createTempFile("meridian", ".password");
        try {
            Files.writeString(password, PostgresServer.SUPERUSER);
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
            Commands.Outcome outcome = Commands.run(command, Path.of("/"));
            if (!outcome.well()) {
                throw new StackException("initdb failed: "
                        + LogFile.reason(outcome.output().lines().toList()));
            }
        } finally {
            Files.deleteIfExists(password);
        }
    }

    /** Roles and databases; every role that may log in gets its own name as its password. */
    void introduce() throws IOException {
        try (Connection connection = server.connect("postgres", Duration.ofSeconds(30));
                Statement statement = connection.createStatement()) {
            String script = Files.readString(initialisation);
            // One by one: CREATE DATABASE refuses to share a request.
            for (NativeQuery query : Parser.parseJdbcSql(script, true, false, true, false, false)) {
                statement.execute(query.nativeSql);
            }
            List<String> roles = new ArrayList<>();
            try (var rows = statement.executeQuery("SELECT quote_ident(rolname), quote_literal(rolname) FROM pg_authid"
                    + " WHERE rolcanlogin AND rolpassword IS NULL")) {
                while (rows.next()) {
                    roles.add("ALTER ROLE " + rows.getString(1) + " PASSWORD " + rows.getString(2));
                }
            }
            for (String role : roles) {
                statement.execute(role);
            }
        } catch (SQLException e) {
            throw new StackException("Cannot run " + initialisation + ": " + e.getMessage(), e);
        }
        server.markComplete(0);
    }
}

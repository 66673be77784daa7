package dev.meridian.local.postgres;

import dev.meridian.local.StackException;
import dev.meridian.local.process.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * As whom PostgreSQL runs: it refuses root.
 *
 * @param prefix what goes before each of its commands
 * @param owner the user id that must own its files, or -1 when they stay ours
 */
public record PostgresUser(List<String> prefix, int owner) {

    private static final int OURS = -1;

    /**
     * Ourselves, unless we are root. Root becomes another user inside a user namespace, where its files still look
     * like that user's own, in any folder; where namespaces are not allowed, a real other user, who must be able to
     * enter the folders.
     */
    public static PostgresUser choose(Path data, Path binaries) {
        if (!"root".equals(System.getProperty("user.name"))) {
            return new PostgresUser(List.of(), OURS);
        }
        return Stream.of(namespace(), otherUser(data, binaries))
                .flatMap(Optional::stream)
                .findFirst()
                .orElseThrow(() -> new StackException("PostgreSQL refuses to run as root, and here root can neither"
                        + " make a user namespace (unshare --user) nor let another user into " + data
                        + " (setpriv --reuid): run as an ordinary user, or name a folder that every user may enter"
                        + " with --data."));
    }

    /** Gives the files of a cluster to the user that the server runs as. */
    void own(Path cluster) {
        if (owner != OURS) {
            Commands.run(List.of("chown", "-R", owner + ":" + owner, cluster.toString()), Path.of("/"));
        }
    }

    private static Optional<PostgresUser> namespace() {
        if (Commands.find("unshare").isEmpty()) {
            return Optional.empty();
        }
        String id = Integer.toString(anyUser());
        List<String> prefix = List.of("unshare", "--user", "--map-user=" + id, "--map-group=" + id);
        return works(prefix, List.of("true")) ? Optional.of(new PostgresUser(prefix, OURS)) : Optional.empty();
    }

    private static Optional<PostgresUser> otherUser(Path data, Path binaries) {
        if (Commands.find("setpriv").isEmpty()) {
            return Optional.empty();
        }
        int user = anyUser();
        List<String> prefix = List.of(
                "setpriv", "--reuid", Integer.toString(user), "--regid", Integer.toString(user), "--clear-groups");
        boolean enters = works(prefix, List.of("test", "-x", data.toString()))
                && works(
                        prefix,
                        List.of("test", "-x", binaries.resolve("bin/postgres").toString()));
        return enters ? Optional.of(new PostgresUser(prefix, user)) : Optional.empty();
    }

    private static boolean works(List<String> prefix, List<String> command) {
        return Commands.run(Stream.concat(prefix.stream(), command.stream()).toList(), Path.of("/"))
                .succeeded();
    }

    /** initdb looks its user up by name, so it has to be one that the machine knows. */
    private static int anyUser() {
        try (Stream<String> users = Files.lines(Path.of("/etc/passwd"))) {
            return users.map(line -> line.split(":"))
                    .filter(fields -> fields.length > 2 && fields[2].matches("[1-9][0-9]*"))
                    .mapToInt(fields -> Integer.parseInt(fields[2]))
                    .findFirst()
                    .orElse(65_534);
        } catch (IOException e) {
            return 65_534;
        }
    }
}

package dev.meridian.local.postgres;

import dev.meridian.local.StackException;
import dev.meridian.local.process.Commands;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * As whom PostgreSQL runs: it refuses root.
 *
 * @param prefix what goes before each of its commands
 * @param owner the user id that must own its files; empty when they stay ours
 */
public record PostgresUser(List<String> prefix, String owner) {

    /** A user that every Linux knows: initdb looks its user up by name. */
    private static final String NOBODY = "65534";

    /**
     * Ourselves, unless we are root. Root becomes another user inside a user namespace, where its files still look
     * like that user's own, in any folder; where namespaces are not allowed, a real other user, who must be able to
     * enter the folders.
     */
    public static PostgresUser choose(Path data, Path binaries) {
        if (!"root".equals(System.getProperty("user.name"))) {
            return new PostgresUser(List.of(), "");
        }
        PostgresUser inNamespace =
                new PostgresUser(List.of("unshare", "--user", "--map-user=" + NOBODY, "--map-group=" + NOBODY), "");
        PostgresUser other =
                new PostgresUser(List.of("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"), NOBODY);
        return Stream.of(inNamespace, other)
                .filter(user -> user.enters(data) && user.enters(binaries.resolve("bin/postgres")))
                .findFirst()
                .orElseThrow(() -> new StackException("PostgreSQL refuses to run as root, and here root can neither"
                        + " make a user namespace (unshare --user) nor let another user into " + data
                        + " (setpriv --reuid): run as an ordinary user, or name a folder that every user may enter"
                        + " with --data."));
    }

    /** Gives the files of a cluster to the user that the server runs as. */
    void own(Path cluster) {
        if (!owner.isEmpty()) {
            Commands.run(List.of("chown", "-R", owner + ":" + owner, cluster.toString()));
        }
    }

    private boolean enters(Path path) {
        Stream<String> command = Stream.concat(prefix.stream(), Stream.of("test", "-x", path.toString()));
        return Commands.find(prefix.getFirst()).isPresent()
                && Commands.run(command.toList()).succeeded();
    }
}

package dev.meridian.local.edge;

import dev.meridian.local.process.Commands;
import java.nio.file.Path;
import java.util.Optional;
import org.opentest4j.TestAbortedException;

/** The programs of the edge, which not every machine has. */
final class EdgePrograms {

    private EdgePrograms() {}

    /** Skips the caller's tests where it is missing, out loud; in CI they fail instead. */
    static Path needed(String program) {
        Optional<Path> found = Commands.find(program);
        if (found.isPresent()) {
            return found.get();
        }
        String reason = "SKIPPED: " + program + " is not installed (apt-get install haproxy varnish)";
        if (System.getenv("CI") != null) {
            throw new AssertionError(reason);
        }
        System.out.println(reason);
        throw new TestAbortedException(reason);
    }
}

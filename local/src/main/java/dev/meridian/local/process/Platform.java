package dev.meridian.local.process;

import dev.meridian.local.StackException;
import java.util.Locale;

/** A system for which there are binaries of the real programs. */
public record Platform(boolean isLinux, boolean isArm) {

    /** @throws StackException on a machine without binaries */
    public static Platform current() {
        return of(System.getProperty("os.name"), System.getProperty("os.arch"));
    }

    static Platform of(String system, String architecture) {
        String name = system.toLowerCase(Locale.ROOT);
        boolean arm =
                switch (architecture.toLowerCase(Locale.ROOT)) {
                    case "amd64", "x86_64" -> false;
                    case "aarch64", "arm64" -> true;
                    default ->
                        throw new StackException("No binaries of PostgreSQL and Redis for the processor type "
                                + architecture + "; amd64 and arm64 are there.");
                };
        if (name.startsWith("windows")) {
            throw new StackException("The local stack does not run on Windows itself; start it inside WSL.");
        }
        if (!name.startsWith("linux") && !name.startsWith("mac")) {
            throw new StackException("The local stack runs on Linux and macOS, not on " + system + ".");
        }
        return new Platform(name.startsWith("linux"), arm);
    }

    private String name() {
        return isLinux ? "linux" : "darwin";
    }

    /** The name of the archive in the PostgreSQL binaries' artifact. */
    public String postgresArchive() {
        return "postgres-" + name() + (isArm ? "-arm_64" : "-x86_64") + ".txz";
    }

    /** The name of the executable in the embedded-redis artifact. */
    public String redisBinary() {
        return "redis-server-7.0.15-" + name() + (isArm ? "-arm64" : "-amd64");
    }
}

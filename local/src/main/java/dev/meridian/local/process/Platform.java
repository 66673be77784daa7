package dev.meridian.local.process;

import dev.meridian.local.StackException;
import java.util.Locale;

/** The systems for which there are binaries of the real programs. */
public enum Platform {
    LINUX_AMD64("postgres-linux-x86_64.txz", "redis-server-7.0.15-linux-amd64"),
    LINUX_ARM64("postgres-linux-arm_64.txz", "redis-server-7.0.15-linux-arm64"),
    MACOS_AMD64("postgres-darwin-x86_64.txz", "redis-server-7.0.15-darwin-amd64"),
    MACOS_ARM64("postgres-darwin-arm_64.txz", "redis-server-7.0.15-darwin-arm64");

    private final String postgresArchive;
    private final String redisBinary;

    Platform(String postgresArchive, String redisBinary) {
        this.postgresArchive = postgresArchive;
        this.redisBinary = redisBinary;
    }

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
        if (name.startsWith("linux")) {
            return arm ? LINUX_ARM64 : LINUX_AMD64;
        }
        if (name.startsWith("mac")) {
            return arm ? MACOS_ARM64 : MACOS_AMD64;
        }
        if (name.startsWith("windows")) {
            throw new StackException("The local stack does not run on Windows itself; start it inside WSL.");
        }
        throw new StackException("The local stack runs on Linux and macOS, not on " + system + ".");
    }

    public boolean isLinux() {
        return this == LINUX_AMD64 || this == LINUX_ARM64;
    }

    /** The name of the archive in the PostgreSQL binaries' artifact. */
    public String postgresArchive() {
        return postgresArchive;
    }

    /** The name of the executable in the embedded-redis artifact. */
    public String redisBinary() {
        return redisBinary;
    }
}

package dev.meridian.local;

import java.nio.file.Path;

/** The Java that runs the stack runs its programs too. */
record JavaRuntime(Path home) {

    private static final int NEEDED = 25;

    /** @throws StackException when it is older than what our services are compiled for */
    static JavaRuntime current() {
        if (Runtime.version().feature() < NEEDED) {
            throw new StackException("This needs a JDK " + NEEDED + "; this is Java "
                    + Runtime.version().feature() + " in " + System.getProperty("java.home") + ".");
        }
        return new JavaRuntime(Path.of(System.getProperty("java.home")));
    }

    Path executable() {
        return tool("java");
    }

    Path tool(String name) {
        return home.resolve("bin").resolve(name);
    }

    /** Tells this build of the JDK from others, for file names. */
    static String release() {
        return Runtime.version().toString().replaceAll("[^A-Za-z0-9.+-]", "_");
    }
}

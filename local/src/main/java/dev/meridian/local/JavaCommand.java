package dev.meridian.local;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A Java program's command, started from the JDK's ahead-of-time cache once there is one (JEP 483). A cache belongs to
 * exactly these jars, flags and this JDK; the JVM itself refuses any other and starts without.
 *
 * @param flags the JVM's, the same in training and use
 * @param program what follows them: the jar, or a class path and a class
 * @param caches the folder for the cache; it changes with the jars
 */
record JavaCommand(JavaRuntime java, List<String> flags, List<String> program, Path caches) {

    /** The JVM tells of each class that it leaves out. */
    private static final List<String> QUIETLY = List.of("-Xlog:aot*=off", "-Xlog:cds*=off");

    /** Where the cache is, or will be. */
    Path cache() {
        return caches.resolve(JavaRuntime.release() + "-" + Integer.toHexString(flags.hashCode()) + ".aot");
    }

    /** With the cache once it is there. */
    List<String> line() {
        return Files.exists(cache()) ? with("-XX:AOTCache=" + cache()) : with();
    }

    /** The same program with more flags of the JVM. */
    List<String> with(String... more) {
        List<String> line = new ArrayList<>(List.of(java.executable().toString()));
        line.addAll(flags);
        line.addAll(QUIETLY);
        line.addAll(List.of(more));
        line.addAll(program);
        return line;
    }
}

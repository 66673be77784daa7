package dev.meridian.local.process;

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
public record JavaCommand(List<String> flags, List<String> program, Path caches) {

    /** The Java that runs the stack runs its programs too. */
    public static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();

    /** For a program that runs a moment: the quick compiler alone, and one collector thread. */
    public static final List<String> SHORT_LIVED = List.of(JAVA, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    /** The JVM tells of each class that it leaves out. */
    private static final List<String> QUIETLY = List.of("-Xlog:aot*=off", "-Xlog:cds*=off");

    /** Where the cache is, or will be. */
    public Path cache() {
        String release = Runtime.version().toString().replaceAll("[^A-Za-z0-9.+-]", "_");
        return caches.resolve(release + "-" + Integer.toHexString(flags.hashCode()) + ".aot");
    }

    /** With the cache once it is there. */
    public List<String> line() {
        return Files.exists(cache()) ? with(List.of("-XX:AOTCache=" + cache())) : with(List.of());
    }

    /** The same program with more flags of the JVM. */
    List<String> with(List<String> more) {
        List<String> line = new ArrayList<>(List.of(JAVA));
        line.addAll(flags);
        line.addAll(QUIETLY);
        line.addAll(more);
        line.addAll(program);
        return line;
    }
}

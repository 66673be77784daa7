package dev.meridian.system;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/** The programs at the edge, which `./run` starts where the machine has them. */
final class Edge {

    /** Component and program. */
    private static final Map<String, String> PROGRAMS = new TreeMap<>(Map.of("lb-dc1", "haproxy", "cdn", "varnishd"));

    private Edge() {}

    /** The components whose programs this machine lacks, saying so. */
    static Set<String> missing() {
        Set<String> missing = PROGRAMS.keySet().stream()
                .filter(component -> !isInstalled(PROGRAMS.get(component)))
                .collect(Collectors.toSet());
        missing.forEach(component ->
                System.out.println(PROGRAMS.get(component) + " is not installed: " + component + " is not expected."));
        return missing;
    }

    static Set<String> installed() {
        Set<String> missing = missing();
        return PROGRAMS.keySet().stream().filter(c -> !missing.contains(c)).collect(Collectors.toSet());
    }

    /** Skips the caller's tests where a program is missing, out loud; in CI they fail instead. */
    static void isNeeded() {
        Set<String> missing = missing();
        if (missing.isEmpty()) {
            return;
        }
        String reason = "SKIPPED: the edge is not tested, " + missing + " cannot run (apt-get install haproxy varnish)";
        if (System.getenv("CI") != null) {
            throw new AssertionError(reason);
        }
        System.out.println(reason);
        throw new TestAbortedException(reason);
    }

    private static boolean isInstalled(String program) {
        String path = System.getenv("PATH") + File.pathSeparator + "/usr/sbin" + File.pathSeparator + "/sbin";
        return Stream.of(path.split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }
}

package dev.meridian.system;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/** The programs at the edge, which `./run` starts where the machine has them. */
final class Edge {

    private enum Component {
        CDN("cdn", "varnishd"),
        LOAD_BALANCER("lb-dc1", "haproxy");

        private final String label;
        private final String program;

        Component(String label, String program) {
            this.label = label;
            this.program = program;
        }
    }

    private Edge() {}

    /** The components whose programs this machine lacks, saying so. */
    static Set<String> missing() {
        List<Component> missing = Stream.of(Component.values())
                .filter(component -> !isInstalled(component.program))
                .toList();
        missing.forEach(component -> System.out.println(
                component.program + " is not installed: " + component.label + " is not expected to run."));
        return labels(missing.stream());
    }

    static Set<String> installed() {
        return labels(Stream.of(Component.values()).filter(component -> isInstalled(component.program)));
    }

    private static Set<String> labels(Stream<Component> components) {
        return components.map(component -> component.label).collect(Collectors.toSet());
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

package dev.meridian.system.faults;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The database connections that were taken from their pool and not given back. A pool reports one that is out for long
 * ({@code leak-detection-threshold}), and takes that back once it returns, as after a pause of its process.
 */
final class KeptConnections {

    private static final Pattern TAKEN = Pattern.compile("Connection leak detection triggered for (\\S+) on thread");
    private static final Pattern RETURNED = Pattern.compile("Previously reported leaked connection (\\S+) on thread");

    private KeptConnections() {}

    /** @param log a service's; of one that is not there nothing is known */
    static List<String> in(Path log) throws IOException {
        if (!Files.exists(log)) {
            return List.of();
        }
        Set<String> kept = new LinkedHashSet<>();
        try (Stream<String> lines = Files.lines(log, StandardCharsets.ISO_8859_1)) {
            lines.forEach(line -> {
                Matcher taken = TAKEN.matcher(line);
                Matcher returned = RETURNED.matcher(line);
                if (taken.find()) {
                    kept.add(taken.group(1));
                } else if (returned.find()) {
                    kept.remove(returned.group(1));
                }
            });
        }
        return kept.stream()
                .map(connection -> log.getFileName() + ": " + connection)
                .toList();
    }
}

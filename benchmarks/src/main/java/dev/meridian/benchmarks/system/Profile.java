package dev.meridian.benchmarks.system;

import dev.meridian.benchmarks.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A recording of Java Flight Recorder in another JVM. */
record Profile(String component, Path recording) {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    /** Records for that long; {@link #hotMethods} can tell once that is over. */
    static Profile start(String component, long pid, Path folder, Duration length)
            throws IOException, InterruptedException {
        Files.createDirectories(folder);
        var recording = folder.resolve(component + ".jfr");
        Files.deleteIfExists(recording);
        command(
                "jcmd",
                Long.toString(pid),
                "JFR.start",
                "settings=profile",
                "duration=" + length.toSeconds() + "s",
                "filename=" + recording.toAbsolutePath());
        return new Profile(component, recording);
    }

    /** The methods that were on the processor most often, as {@code jfr view} prints them. */
    String hotMethods() throws IOException, InterruptedException {
        return command("jfr", "view", "--width", "140", "--truncate", "beginning", "hot-methods", recording.toString());
    }

    private static String command(String tool, String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", tool).toString()));
        command.addAll(List.of(arguments));
        return Command.output(LIMIT, command);
    }
}

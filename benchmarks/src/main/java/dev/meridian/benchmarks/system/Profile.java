package dev.meridian.benchmarks.system;

import dev.meridian.benchmarks.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A recording of Java Flight Recorder in another JVM. */
record Profile(RunningSystem.Component component, Path recording) {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    /** Records until {@link #hotMethods} is asked for. */
    static Profile start(RunningSystem.Component component, Path folder) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        command("jcmd", Long.toString(component.pid()), "JFR.start", "name=benchmark", "settings=profile");
        return new Profile(component, folder.resolve(component.name() + ".jfr").toAbsolutePath());
    }

    /** The methods that were on the processor most often, as {@code jfr view} prints them. */
    String hotMethods() throws IOException, InterruptedException {
        command("jcmd", Long.toString(component.pid()), "JFR.stop", "name=benchmark", "filename=" + recording);
        return command("jfr", "view", "--width", "140", "--truncate", "beginning", "hot-methods", recording.toString());
    }

    private static String command(String tool, String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", tool).toString()));
        command.addAll(List.of(arguments));
        return Command.output(LIMIT, command);
    }
}

package dev.meridian.local.process;

import dev.meridian.local.StackException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Starts processes that live no longer than this JVM and do not hear its terminal's Ctrl-C.
 *
 * <p>A session of its own keeps a Ctrl-C from reaching the children before the supervisor can end them in order. On
 * Linux the kernel kills them when the supervisor dies, however it dies (PR_SET_PDEATHSIG, see prctl(2)). That signal
 * is sent when the THREAD that started the child ends, so one thread that never ends starts them all. On macOS the
 * next start ends what a crashed supervisor left behind.
 */
public final class Spawner {

    private static final ExecutorService THREAD = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("spawner").factory());

    private static final List<String> OWN_SESSION = Commands.find("setsid").isPresent()
            ? List.of("setsid")
            // macOS has no setsid command.
            : List.of("perl", "-e", "setpgrp(0, 0); exec { $ARGV[0] } @ARGV or die \"$ARGV[0]: $!\\n\"");

    private static final List<String> DIE_WITH_PARENT =
            Commands.find("setpriv").isPresent() ? List.of("setpriv", "--pdeathsig", "KILL") : List.of();

    private Spawner() {}

    /** @param identity what goes before the command to run as another user than root, or nothing */
    static Process spawn(
            List<String> identity, List<String> command, Map<String, String> environment, Path folder, Path log)
            throws IOException {
        List<String> line = new ArrayList<>(OWN_SESSION);
        line.addAll(identity);
        // After the change of user, which would clear it.
        line.addAll(DIE_WITH_PARENT);
        line.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(line)
                .directory(folder.toFile())
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().putAll(environment);
        try {
            return THREAD.submit(builder::start).get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StackException("Interrupted.", e);
        }
    }
}

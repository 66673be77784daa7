package dev.meridian.local.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * A process of the machine, known by its id and its time of birth, since ids are used again.
 *
 * @param born as the system tells it; {@link Instant#EPOCH} where it does not
 */
public record OsProcess(long pid, Instant born) {

    /** The system's clock may have been set between two readings of the same time of birth. */
    private static final long CLOCK_SLACK_MILLIS = 2_000;

    public static OsProcess of(ProcessHandle handle) {
        return new OsProcess(handle.pid(), handle.info().startInstant().orElse(Instant.EPOCH));
    }

    /**
     * The processes of a program whose working directory is in a folder; none where the system does not tell (macOS).
     *
     * @param program the name of the executable
     */
    public static List<OsProcess> in(Path folder, String program) {
        return ProcessHandle.allProcesses()
                .filter(handle -> handle.info().command().orElse("").endsWith("/" + program))
                .filter(handle -> worksIn(folder, handle))
                .map(OsProcess::of)
                .toList();
    }

    private static boolean worksIn(Path folder, ProcessHandle handle) {
        try {
            return Files.readSymbolicLink(Path.of("/proc", Long.toString(handle.pid()), "cwd"))
                    .startsWith(folder);
        } catch (IOException e) { // gone, or no such system
            return false;
        }
    }

    /** The process, while it lives. */
    Optional<ProcessHandle> handle() {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .filter(handle ->
                        Math.abs(ChronoUnit.MILLIS.between(born, of(handle).born())) <= CLOCK_SLACK_MILLIS);
    }

    /** One that has ended and waits to be noticed by its parent, which may never happen, is not alive. */
    public boolean isAlive() {
        return handle().isPresent() && !state().equals("Z");
    }

    /** Whether SIGSTOP holds it. */
    public boolean isPaused() {
        return state().equals("T");
    }

    /** The system's letter for it, see ps(1); empty when it is gone. */
    private String state() {
        if (!Files.isDirectory(Path.of("/proc/self"))) {
            String letters = Commands.run(List.of("ps", "-o", "state=", "-p", Long.toString(pid)))
                    .output()
                    .strip();
            return letters.isEmpty() ? "" : letters.substring(0, 1);
        }
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            int letter = stat.lastIndexOf(')') + 2; // proc(5): it follows the command, which is in brackets
            return stat.substring(letter, letter + 1);
        } catch (IOException e) {
            return "";
        }
    }

    /** Sends a signal to it and to all that it started, itself first. */
    public void signalAll(Signal signal) {
        handle().map(ProcessHandle::descendants)
                .map(children -> LongStream.concat(LongStream.of(pid), children.mapToLong(ProcessHandle::pid)))
                .ifPresent(family -> signal.send(family.toArray()));
    }

    /** Kills it and all that it started; false when it was still there after the limit. */
    public boolean kill(Duration limit) {
        signalAll(Signal.KILL);
        return Deadline.in(limit).await(() -> !isAlive());
    }
}

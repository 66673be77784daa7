package dev.meridian.local;

import dev.meridian.local.edge.Varnish;
import dev.meridian.local.process.Deadline;
import dev.meridian.local.process.Folders;
import dev.meridian.local.process.LogFile;
import dev.meridian.local.process.OsProcess;
import dev.meridian.local.process.Signal;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** A stack's folder, held by one supervisor at a time. */
public final class DataFolder implements AutoCloseable {

    /** Below this nothing is started: a database that runs out of space in the middle is worse. */
    private static final long NEEDED_SPACE = 512L * 1024 * 1024;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static final Duration KILL_LIMIT = Duration.ofSeconds(5);

    private final Path path;
    private final FileChannel lock;

    /**
     * What a supervisor leaves for the next one and for the commands of a second terminal.
     *
     * @param control the URL that takes commands; empty while there is none
     */
    public record Supervisor(OsProcess process, String control, List<OsProcess> programs) {}

    private DataFolder(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /** @throws StackException when it cannot be used, or another supervisor holds it */
    public static DataFolder open(Path path) {
        return open(path, NEEDED_SPACE);
    }

    static DataFolder open(Path path, long neededSpace) {
        try {
            Files.createDirectories(path);
            long space = Files.getFileStore(path).getUsableSpace();
            if (space < neededSpace) {
                throw new StackException("The data folder " + path + " has only " + space / (1024 * 1024)
                        + " MiB left; " + neededSpace / (1024 * 1024) + " MiB are needed.");
            }
            FileChannel lock =
                    FileChannel.open(path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!locks(lock)) {
                lock.close();
                throw new StackException("Another stack runs on the data folder " + path
                        + " already; stop it, or name another folder with --data.");
            }
            return new DataFolder(path, lock);
        } catch (IOException e) {
            throw new StackException("Cannot write to the data folder " + path + ": " + e, e);
        }
    }

    /** It is held until the channel is closed. */
    private static boolean locks(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) { // held by this JVM
            return false;
        }
    }

    LogFile log(String program) {
        return new LogFile(path.resolve("logs").resolve(program + ".log"));
    }

    /** Deletes what the programs keep here, and nothing else: the folder may hold other files too. */
    void wipe(Collection<String> programs) throws IOException {
        for (String program : programs) {
            Folders.delete(path.resolve(program));
        }
        Folders.delete(path.resolve("logs"));
    }

    /**
     * Ends what a supervisor that crashed left running. Only processes are touched that it recorded and that were born
     * when it says, and those that work in this folder of programs that fork.
     */
    void endLeftovers() throws IOException {
        List<OsProcess> left =
                new ArrayList<>(supervisor(path).map(Supervisor::programs).orElse(List.of()));
        // Sessions of a paused server outlive it, and no server starts beside them.
        left.addAll(OsProcess.in(path.toRealPath(), "postgres"));
        // A worker of the CDN ends with its parent, but not while it is paused.
        left.addAll(OsProcess.in(path.toRealPath(), Varnish.EXECUTABLE));
        left.forEach(process -> process.signalAll(Signal.KILL));
        Deadline deadline = Deadline.in(KILL_LIMIT);
        for (OsProcess process : left) {
            if (!deadline.await(() -> !process.isAlive())) {
                throw new StackException("Cannot end process " + process.pid() + ", left by an earlier run.");
            }
        }
        Files.deleteIfExists(state(path));
    }

    void record(Supervisor supervisor) throws IOException {
        // Such a file is its owner's alone, and the URL of the control channel is a secret.
        Path incoming = Files.createTempFile(path, "state", ".incoming");
        Files.writeString(incoming, JSON.writeValueAsString(supervisor));
        Files.move(incoming, state(path), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The supervisor that runs, or ran, on a folder. */
    public static Optional<Supervisor> supervisor(Path folder) throws IOException {
        try {
            return Optional.of(JSON.readValue(Files.readString(state(folder)), Supervisor.class));
        } catch (NoSuchFileException | JacksonException e) {
            // None, or cut short by a crash of the machine: its processes are gone too.
            return Optional.empty();
        }
    }

    private static Path state(Path folder) {
        return folder.resolve("state.json");
    }

    /** Releases the folder for the next supervisor. */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(state(path));
            lock.close();
        } catch (IOException e) {
            throw new StackException("Cannot release the data folder " + path + ": " + e.getMessage(), e);
        }
    }
}
